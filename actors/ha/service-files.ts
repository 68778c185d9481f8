/** Changes of single services: their section of `ha/resources.cfg`, and the configuration files of their guests (spec/ha.md §3.7, §12). */
import { type HaResource, parseResources, writeResources } from '../../machines/ha/resources.ts';
import type { HaTimes } from '../../machines/ha/times.ts';
import { ENOENT } from '../../runtime/file-system/errno.ts';
import { makeDirectories, readText, writeText } from './cluster-files.ts';
import { withDomainLock } from './domain-lock.ts';
import { guestSettings, withoutSetting } from './guest-config.ts';
import { guestConfigPath, readGuestList, vmidOf } from './guest-list.ts';
import { failed, type Outcome, refused, succeeded } from './outcome.ts';
import type { Answer, HaPorts } from './ports.ts';

type FilePorts = Pick<HaPorts, 'clock' | 'files'>;

const RESOURCES = 'ha/resources.cfg';

/** Sets options of a resource; null deletes one. Value: did that change anything? */
export function patchResource(
  ports: FilePorts,
  times: HaTimes,
  { sid, set }: { readonly sid: string; readonly set: Readonly<Record<string, unknown>> },
  done: Answer<Outcome<boolean>>,
): void {
  const { files } = ports;
  withDomainLock<boolean>(
    ports,
    times,
    (end) =>
      readText(files, RESOURCES, (read) => {
        if (!read.ok) return end(read);
        const { resources } = parseResources(read.value ?? '');
        const before = resources.ids.get(sid);
        if (before === undefined) return end(failed(`no such resource '${sid}'`));
        const after = patched(before, set);
        const text = writeResources({ ...resources, ids: new Map([...resources.ids, [sid, after]]) });
        if (text === read.value) return end(succeeded(false));
        writeText(files, RESOURCES, text, (written) => end(written.ok ? succeeded(true) : written));
      }),
    done,
  );
}

function patched(resource: HaResource, set: Readonly<Record<string, unknown>>): HaResource {
  const values = Object.entries({ ...resource, ...set }).filter(([, value]) => value !== null);
  return Object.fromEntries(values) as unknown as HaResource;
}

/** Removes the lock of a guest's configuration if it is one of these. Value: its name, or null. */
export function removeGuestLock(
  { files }: FilePorts,
  { sid, locks }: { readonly sid: string; readonly locks: readonly string[] },
  done: Answer<Outcome<string | null>>,
): void {
  withGuestConfig(files, sid, done, (path) =>
    readText(files, path, (read) => {
      if (!read.ok) return done(read);
      const lock = guestSettings(read.value ?? '').get('lock');
      if (lock === undefined || !locks.includes(lock)) return done(succeeded(null));
      const text = withoutSetting(read.value!, 'lock');
      writeText(files, path, text, (written) => done(written.ok ? succeeded(lock) : written));
    }),
  );
}

/**
 * Gives a guest of a fenced node to another by renaming its configuration. Value: null, or the node on which it was found instead.
 *
 * An earlier master may have done that and died before it wrote so, or the node may have died after it had moved the guest itself,
 * which then runs where its configuration is. Another rename would start it a second time, so it is taken over where it is.
 * (The original ends each of its rounds there.)
 */
export function stealGuest(
  { files }: FilePorts,
  { from, sid, to }: { readonly sid: string; readonly from: string; readonly to: string },
  done: Answer<Outcome<string | null>>,
): void {
  const vmid = vmidOf(sid);
  readGuestList(files, (read) => {
    if (!read.ok) return done(read);
    const guest = read.value.get(vmid);
    if (guest === undefined) return done(failed(`no such guest '${sid}'`));
    if (guest.node !== from) return done(succeeded(guest.node === to ? null : guest.node));
    const [path, target] = [guestConfigPath(from, vmid, guest), guestConfigPath(to, vmid, guest)];
    const settle = (errno: number): void =>
      done(errno < 0 ? refused(`rename '/etc/pve/${path}' to '/etc/pve/${target}' failed`, errno) : succeeded(null));
    files.rename(path, target, (errno) => {
      if (errno !== -ENOENT) return settle(errno);
      makeDirectories(files, target.slice(0, target.lastIndexOf('/')), (made) =>
        made < 0 ? settle(made) : files.rename(path, target, settle),
      );
    });
  });
}

function withGuestConfig(
  files: HaPorts['files'],
  sid: string,
  done: Answer<Outcome<never>>,
  use: (path: string) => void,
): void {
  readGuestList(files, (read) => {
    if (!read.ok) return done(read);
    const vmid = vmidOf(sid);
    const guest = read.value.get(vmid);
    if (guest === undefined) return done(failed(`no such guest '${sid}'`));
    use(guestConfigPath(guest.node, vmid, guest));
  });
}
