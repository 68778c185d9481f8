/** Which bandwidth limit applies to an operation (spec/storage.md §4.2). Limits are KiB/s; 0 is unlimited. */

/** A property string `bwlimit`, read: limits by operation. */
export type BandwidthLimits = ReadonlyMap<string, string>;

/** What a user may do on a path of the permission tree. */
export type Privileges = (user: string, path: string) => ReadonlySet<string>;

export interface LimitQuestion {
  readonly user: string;
  /** Taken literally as the key of a limit. */
  readonly operation: string;
  /** Undefined stands for a storage that isn't known. */
  readonly storages: readonly (string | undefined)[];
  /** What the client asks for. Privileges count only if it asks. */
  readonly override: number | undefined;
}

export interface KnownLimits {
  ofStorage(storage: string): BandwidthLimits | undefined;
  readonly ofDatacenter: BandwidthLimits | undefined;
  readonly privileges: Privileges;
}

/** The limit that applies; undefined: none is known. */
export function bandwidthLimit(
  { user, operation, storages, override }: LimitQuestion,
  known: KnownLimits,
): number | undefined {
  const may = (privilege: string, path: string) =>
    override !== undefined && known.privileges(user, path).has(privilege);
  const asked = new Set(storages.filter((storage) => storage !== undefined));
  let limit = override;
  if (asked.size > 0) {
    if (may('Datastore.Allocate', '/storage')) return override;
    let needsDatacenter = false;
    for (const storage of asked) {
      if (may('Datastore.Allocate', `/storage/${storage}`)) continue;
      const own = limitOf(known.ofStorage(storage), operation);
      if (own === undefined) needsDatacenter = true;
      else limit = tighter(limit, own);
    }
    if (!needsDatacenter) return limit;
  }
  if (may('Sys.Modify', '/')) return limit;
  const general = limitOf(known.ofDatacenter, operation);
  return general === undefined ? limit : tighter(limit, general);
}

function limitOf(limits: BandwidthLimits | undefined, operation: string): number | undefined {
  const text = limits?.get(operation) ?? limits?.get('default');
  return text === undefined ? undefined : Number(text);
}

/** The limit replaces what is unknown, unlimited or larger. */
function tighter(running: number | undefined, limit: number): number {
  return running === undefined || running === 0 || running > limit ? limit : running;
}
