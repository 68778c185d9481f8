/** Names of the parts of the API, for what has no handler (spec/api.md §10). The first prefix that matches counts. */

const parts: readonly (readonly [RegExp, string])[] = [
  [/^\/cluster\/sdn|^\/nodes\/\{node\}\/sdn/, 'software-defined networking'],
  [/^\/cluster\/(ceph)|^\/nodes\/\{node\}\/ceph/, 'Ceph'],
  [/firewall/, 'the firewall'],
  [/^\/cluster\/acme|\/certificates\/acme/, 'ACME'],
  [/^\/cluster\/notifications/, 'notifications'],
  [/^\/cluster\/metrics/, 'metric servers'],
  [/^\/cluster\/mapping/, 'hardware mappings'],
  [/^\/cluster\/bulk-action/, 'bulk actions'],
  [/^\/cluster\/qemu|^\/nodes\/\{node\}\/qemu|\/capabilities/, 'virtual machines'],
  [/^\/nodes\/\{node\}\/lxc|\/aplinfo/, 'containers'],
  [/^\/cluster\/ha/, 'high availability'],
  [/replication/, 'replication'],
  [/^\/cluster\/(backup|jobs)|vzdump/, 'backup jobs'],
  [/\/(apt|subscription)/, 'packages and subscription'],
  [/\/disks/, 'disks'],
  [/\/(storage|scan|hardware)|query-url-metadata|query-oci-repo-tags/, 'storage'],
  [/^\/access/, 'access control'],
  [/(vnc|spice|term)/, 'consoles'],
  [/^\/cluster/, 'the cluster'],
  [/^\/nodes/, 'node management'],
];

export function partOf(path: string): string {
  return parts.find(([pattern]) => pattern.test(path))?.[1] ?? 'the rest';
}
