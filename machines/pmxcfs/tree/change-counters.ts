/**
 * Change counters of the observed files, as `.version` shows them (spec/pmxcfs.md §2.8). Clients compare them for
 * inequality, together with the daemon's start time.
 */

/** The observed paths, in the order of `.version`. */
export const OBSERVED_PATHS: readonly string[] = [
  'corosync.conf',
  'corosync.conf.new',
  'storage.cfg',
  'user.cfg',
  'domains.cfg',
  'notifications.cfg',
  'priv/notifications.cfg',
  'priv/shadow.cfg',
  'priv/acme/plugins.cfg',
  'priv/tfa.cfg',
  'priv/token.cfg',
  'priv/wg-keys.cfg',
  'datacenter.cfg',
  'vzdump.cron',
  'vzdump.conf',
  'jobs.cfg',
  'ha/crm_commands',
  'ha/manager_status',
  'ha/resources.cfg',
  'ha/rules.cfg',
  'ha/groups.cfg',
  'ha/fence.cfg',
  'status.cfg',
  'replication.cfg',
  'ceph.conf',
  'sdn/vnets.cfg',
  'sdn/zones.cfg',
  'sdn/controllers.cfg',
  'sdn/subnets.cfg',
  'sdn/ipams.cfg',
  'sdn/mac-cache.json',
  'sdn/pve-ipam-state.json',
  'sdn/dns.cfg',
  'sdn/fabrics.cfg',
  'sdn/route-maps.cfg',
  'sdn/prefix-lists.cfg',
  'sdn/.running-config',
  'virtual-guest/cpu-models.conf',
  'virtual-guest/profiles.cfg',
  'firewall/cluster.fw',
  'mapping/directory.cfg',
  'mapping/pci.cfg',
  'mapping/usb.cfg',
];

export class ChangeCounters {
  readonly #counts = new Map<string, number>(OBSERVED_PATHS.map((path) => [path, 0]));

  /** Counts a change of `path` (no leading slash); nothing for a path that is not observed. */
  count(path: string): void {
    const count = this.#counts.get(path);
    if (count !== undefined) this.#counts.set(path, (count + 1) >>> 0);
  }

  /** The whole tree was opened or replaced. */
  countAll(): void {
    for (const path of OBSERVED_PATHS) this.count(path);
  }

  /** In the order of `.version`; u32 counts. */
  entries(): IterableIterator<[string, number]> {
    return this.#counts.entries();
  }
}
