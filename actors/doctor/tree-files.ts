/** The files of an `/etc/pve` that tell what a cluster is made of: of a directory (the mount, a copy, a backup), or of whatever else can list and read. */

/** Path below `/etc/pve` → bytes as text (latin1). */
export type TreeFiles = ReadonlyMap<string, string>;

/** Lists and reads; undefined for what is not there or may not be read. */
export interface TreeReader {
  list(path: string): Promise<readonly string[] | undefined>;
  read(path: string): Promise<string | undefined>;
}

const single = [
  'corosync.conf',
  'datacenter.cfg',
  'storage.cfg',
  'replication.cfg',
  'ha/resources.cfg',
  'ha/rules.cfg',
  'ha/groups.cfg',
  'ha/fence.cfg',
  'ha/manager_status',
  'ha/crm_commands',
  '.members',
  '.rrd',
];
const guestFolders = ['qemu-server', 'lxc'];
const guestFile = /^[1-9]\d*\.conf$/;

export async function readTree(reader: TreeReader): Promise<TreeFiles> {
  const files = new Map<string, string>();
  const take = async (path: string): Promise<void> => {
    const text = await reader.read(path);
    if (text !== undefined) files.set(path, text);
  };
  for (const path of single) await take(path);
  for (const node of (await reader.list('nodes')) ?? []) {
    // Also that a node has a directory is worth knowing.
    files.set(`nodes/${node}/`, '');
    await take(`nodes/${node}/lrm_status`);
    for (const folder of guestFolders) {
      const names = (await reader.list(`nodes/${node}/${folder}`)) ?? [];
      for (const name of names) if (guestFile.test(name)) await take(`nodes/${node}/${folder}/${name}`);
    }
  }
  return files;
}
