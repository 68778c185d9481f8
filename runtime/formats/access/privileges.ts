/** The privileges by kind and level, and the roles that are made of them (spec/access.md §4). */
import { byBytes } from '../byte-string.ts';

type Level = 'root' | 'admin' | 'user' | 'audit';
type Kind = 'VM' | 'Sys' | 'Datastore' | 'SDN' | 'User' | 'Pool' | 'Mapping';

/** `root`: in no role but Administrator. */
const levels: Readonly<Record<Kind, Readonly<Partial<Record<Level, readonly string[]>>>>> = {
  VM: {
    admin: [
      'VM.Allocate',
      'VM.Clone',
      'VM.Config.CPU',
      'VM.Config.Disk',
      'VM.Config.HWType',
      'VM.Config.Memory',
      'VM.Config.Network',
      'VM.Config.Options',
      'VM.GuestAgent.Unrestricted',
      'VM.Migrate',
      'VM.Replicate',
      'VM.Snapshot',
      'VM.Snapshot.Rollback',
    ],
    user: [
      'VM.Backup',
      'VM.Config.CDROM',
      'VM.Config.Cloudinit',
      'VM.Console',
      'VM.GuestAgent.FileRead',
      'VM.GuestAgent.FileSystemMgmt',
      'VM.GuestAgent.FileWrite',
      'VM.PowerMgmt',
    ],
    audit: ['VM.Audit', 'VM.GuestAgent.Audit'],
  },
  Sys: {
    root: ['Sys.PowerMgmt', 'Sys.Modify', 'Sys.Incoming', 'Sys.AccessNetwork'],
    admin: ['Sys.Console', 'Sys.Syslog'],
    audit: ['Sys.Audit'],
  },
  Datastore: {
    admin: ['Datastore.Allocate', 'Datastore.AllocateTemplate'],
    user: ['Datastore.AllocateSpace'],
    audit: ['Datastore.Audit'],
  },
  SDN: { admin: ['SDN.Allocate'], user: ['SDN.Use'], audit: ['SDN.Audit'] },
  User: { root: ['Realm.Allocate'], admin: ['User.Modify', 'Group.Allocate', 'Realm.AllocateUser'] },
  Pool: { admin: ['Pool.Allocate'], user: ['Pool.Audit'], audit: ['Pool.Audit'] },
  Mapping: { admin: ['Mapping.Modify'], user: ['Mapping.Use'], audit: ['Mapping.Audit'] },
};

const kinds = Object.keys(levels) as readonly Kind[];

function ofKind(kind: Kind, ...wanted: readonly Level[]): readonly string[] {
  return wanted.flatMap((level) => levels[kind][level] ?? []);
}

const all = ['Permissions.Modify', ...kinds.flatMap((kind) => ofKind(kind, 'root', 'admin', 'user', 'audit'))];

/** Every privilege there is, sorted. */
export const privileges: ReadonlySet<string> = new Set([...all].sort(byBytes));

export const administrator = 'Administrator';
/** Takes everything away where it applies. */
export const noAccess = 'NoAccess';

function makeBuiltinRoles(): ReadonlyMap<string, ReadonlySet<string>> {
  const roles = new Map<string, readonly string[]>([
    [administrator, [...privileges]],
    [noAccess, []],
    ['PVETemplateUser', ['VM.Audit', 'VM.Clone']],
    ['PVEAuditor', kinds.flatMap((kind) => ofKind(kind, 'audit'))],
  ]);
  for (const kind of kinds) {
    roles.set(`PVE${kind}Admin`, ofKind(kind, 'admin', 'user', 'audit'));
    if (levels[kind].user !== undefined) roles.set(`PVE${kind}User`, ofKind(kind, 'user', 'audit'));
  }
  const ofAdmins = kinds.flatMap((kind) => roles.get(`PVE${kind}Admin`)!);
  roles.set(
    'PVEAdmin',
    ofAdmins.filter((privilege) => privilege !== 'Mapping.Modify'),
  );
  return new Map([...roles].sort(([a], [b]) => byBytes(a, b)).map(([id, privs]) => [id, new Set([...privs].sort())]));
}

/** Roles that always exist and can't be changed, sorted, with their privileges. */
export const builtinRoles: ReadonlyMap<string, ReadonlySet<string>> = makeBuiltinRoles();
