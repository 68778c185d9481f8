/**
 * The requests of a simulated run as histories of files, locks and guests. An answer that tells something of the object is kept;
 * one that says that nothing was even tried is left out with its request; one that leaves open what became of
 * the request leaves it without an answer.
 */
import { components, guestConfigOf, isLockDirectory, isLockPath } from '../../machines/pmxcfs/tree/path-class.ts';
import { EACCES, EBUSY, EEXIST, EIO, ENOENT, ENOTEMPTY, EPERM } from '../../runtime/file-system/errno.ts';
import type { Request } from '../checkers/observation.ts';
import type { Operation } from './history.ts';
import type { LockInput } from './lock-ownership.ts';
import type { FileInput } from './single-file.ts';
import type { GuestInput, GuestPlace } from './unique-vmid.ts';

/** A request with the places of its invocation and its return among all events of the run. */
export interface RecordedRequest {
  readonly request: Request;
  readonly invokedAt: number;
  /** Undefined while nobody has answered. */
  returnedAt: number | undefined;
}

/** Peers may have applied what failed or got lost here (spec/pmxcfs.md §1.7, §13.2.9). */
const UNKNOWN: ReadonlySet<number> = new Set([-EBUSY, -EIO, -EPERM]);

/** Of one request on one object: what was told; or that nothing is known; or that it says nothing of the object. */
type Told = { readonly answer: number } | 'unknown' | 'nothing';

function toldBy({ request, returnedAt }: RecordedRequest): Told {
  const { result } = request;
  if (returnedAt === undefined || result === undefined || UNKNOWN.has(result)) return 'unknown';
  // No quorum, a name that no entry has, times that are not the caller's to set: nothing happened, whatever is there.
  return result === -EACCES ? 'nothing' : { answer: result };
}

function operation<Input>(
  { request, invokedAt, returnedAt }: RecordedRequest,
  input: Input,
  told: Exclude<Told, 'nothing'>,
): Operation<Input> {
  const { id, client, invoked_ms, returned_ms } = request;
  const returned = told === 'unknown' ? undefined : { at: returnedAt!, time_ms: returned_ms, answer: told.answer };
  return { id, client, input, invokedAt, invoked_ms, returned };
}

// --- files -------------------------------------------------------------------------------------------------------

/** Histories of single paths, as of `singleFile`. Locks have a model of their own; so have VMIDs, whose refusals are left out. */
export function fileHistory(records: readonly RecordedRequest[]): readonly Operation<FileInput>[] {
  const unfit = unfitPaths(records);
  return records.flatMap(fileOperations).filter(({ input }) => !isLockPath(input.path) && !unfit.has(input.path));
}

function fileOperations(record: RecordedRequest): readonly Operation<FileInput>[] {
  const told = toldBy(record);
  if (told === 'nothing') return [];
  const { request } = record;
  const path = plain(request.path);
  if (request.kind === 'rename') return halvesOfRename(record, told);
  if (told !== 'unknown') {
    // A directory with children, or a VMID that another path has.
    if (told.answer === -ENOTEMPTY || (told.answer === -EEXIST && isGuestConfig(path))) return [];
  }
  return [operation(record, fileInput(request, path), told)];
}

function fileInput({ kind, content, size }: Request, path: string): FileInput {
  switch (kind) {
    case 'write':
      return { path, kind, offset: 0, data: content };
    case 'truncate':
      return { path, kind, size };
    case 'unlink':
    case 'rmdir':
      return { path, kind: 'remove' };
    case 'mtime':
      return { path, kind: 'touch' };
    case 'create':
    case 'mkdir':
      return { path, kind };
    case 'rename':
      throw new Error('a rename is two operations');
  }
}

function halvesOfRename(record: RecordedRequest, told: Exclude<Told, 'nothing'>): readonly Operation<FileInput>[] {
  const { content, ...request } = record.request;
  const path = plain(request.path);
  const to = plain(request.to);
  if (path === to) return [operation(record, { path, kind: 'touch' }, told)];
  const source = operation<FileInput>(record, { path, kind: 'moved-out' }, told);
  if (told === 'unknown' || told.answer >= 0)
    return [source, operation(record, { path: to, kind: 'moved-in', content }, told)];
  return told.answer === -ENOENT ? [source] : [];
}

/**
 * Paths that are no objects of their own: they lie in a directory that comes or goes, or a directory came to them by a rename, which
 * nobody knows the content of.
 */
function unfitPaths(records: readonly RecordedRequest[]): ReadonlySet<string> {
  const changed = new Set<string>();
  const directories = new Set<string>();
  const unfit = new Set<string>();
  for (const { request } of records) {
    const path = plain(request.path);
    changed.add(path);
    if (request.kind === 'mkdir') directories.add(path);
    if (request.kind !== 'rename') continue;
    const to = plain(request.to);
    changed.add(to);
    if (!directories.has(path)) continue;
    directories.add(to);
    unfit.add(to);
  }
  for (const path of changed) if (ancestorsOf(path).some((ancestor) => changed.has(ancestor))) unfit.add(path);
  return unfit;
}

function ancestorsOf(path: string): readonly string[] {
  const parts = path.split('/');
  return parts.slice(1).map((_, at) => parts.slice(0, at + 1).join('/'));
}

/** Without superfluous slashes. */
export function plain(path: string): string {
  return components(path).join('/');
}

// --- locks -------------------------------------------------------------------------------------------------------

/** Histories of locks, as of `LOCK_OWNERSHIP`. */
export function lockHistory(records: readonly RecordedRequest[]): readonly Operation<LockInput>[] {
  return records.flatMap((record) => {
    const { request } = record;
    const told = toldBy(record);
    const kind = LOCK_KINDS[request.kind];
    if (kind === undefined || told === 'nothing' || !isLockDirectory(components(request.path))) return [];
    if (told !== 'unknown' && told.answer === -ENOTEMPTY) return [];
    return [operation(record, { kind, path: plain(request.path), nodeid: request.nodeid }, told)];
  });
}

/**
 * A request does not tell which time it has set. But where times were set, it was a renewal; a request for unlocking gets EACCES,
 * which is left out, or ENOENT, as a renewal does.
 */
const LOCK_KINDS: { readonly [Kind in Request['kind']]?: LockInput['kind'] } = {
  mkdir: 'acquire',
  rmdir: 'release',
  unlink: 'release',
  mtime: 'renew',
};

// --- guests ------------------------------------------------------------------------------------------------------

/** Histories of VMIDs, as of `UNIQUE_VMID`. */
export function guestHistory(records: readonly RecordedRequest[]): readonly Operation<GuestInput>[] {
  return records.flatMap((record) => {
    const told = toldBy(record);
    if (told === 'nothing') return [];
    const success = told === 'unknown' || told.answer < 0 ? told : { answer: 0 };
    return guestInputs(record.request, told).map((input) => operation(record, input, success));
  });
}

function guestInputs({ kind, path, to }: Request, told: Exclude<Told, 'nothing'>): readonly GuestInput[] {
  const from = guestAt(path);
  switch (kind) {
    case 'create':
      return from === undefined ? [] : [{ ...from, kind }];
    case 'write':
    case 'truncate':
      return from === undefined ? [] : [{ ...from, kind: 'write' }];
    case 'unlink':
    case 'rmdir':
      return from === undefined ? [] : [{ ...from, kind: 'remove' }];
    case 'rename':
      return renamedGuests(from, guestAt(to), told);
    case 'mkdir':
    case 'mtime':
      return [];
  }
}

interface GuestAt {
  readonly vmid: number;
  readonly place: GuestPlace;
}

function renamedGuests(
  from: GuestAt | undefined,
  to: GuestAt | undefined,
  told: Exclude<Told, 'nothing'>,
): readonly GuestInput[] {
  if (from !== undefined && from.vmid === to?.vmid) return [{ ...from, kind: 'move', to: to.place }];
  const leaves: GuestInput[] = from === undefined ? [] : [{ ...from, kind: 'leave' }];
  const enters: GuestInput[] = to === undefined ? [] : [{ ...to, kind: 'enter' }];
  if (told === 'unknown' || told.answer >= 0) return [...leaves, ...enters];
  // The source was missing, or the target's VMID is taken.
  if (told.answer === -ENOENT) return leaves;
  return told.answer === -EEXIST ? enters : [];
}

/** The VMID and the place that a path means, or undefined where it means none. */
export function guestAt(path: string): GuestAt | undefined {
  const guest = guestConfigOf(components(path));
  return guest === undefined ? undefined : { vmid: guest.vmid, place: `${guest.node}/${guest.type}` };
}

function isGuestConfig(path: string): boolean {
  return guestAt(path) !== undefined;
}
