/**
 * `priv/tfa.cfg`: the second factors of all users, JSON (spec/access.md §9.1). What this release doesn't know is kept, so
 * that a newer node's entries survive our writing.
 */
import { textToUtf8, utf8ToText } from '../byte-string.ts';

export const tfaKinds = ['totp', 'webauthn', 'u2f', 'yubico'] as const;
export type TfaKind = (typeof tfaKinds)[number];

export interface TfaEntry {
  readonly id: string;
  readonly description: string;
  /** Seconds since 1970. */
  readonly created: number;
  /** Only there when false. */
  readonly enable?: boolean;
  /** What the kind needs: a TOTP URI or `{ totp, last-count }`, a key, a public id. */
  readonly entry: unknown;
}

export interface RecoveryKeys {
  /** Text that is the key of the HMACs. */
  readonly secret: string;
  /** Hex HMACs; null where the code was used. */
  readonly entries: readonly (string | null)[];
  /** Seconds since 1970. */
  readonly created: number;
}

export interface UserTfa {
  readonly totp?: readonly TfaEntry[];
  readonly webauthn?: readonly TfaEntry[];
  readonly u2f?: readonly TfaEntry[];
  readonly yubico?: readonly TfaEntry[];
  readonly recovery?: RecoveryKeys;
  readonly 'totp-locked'?: boolean;
  /** Seconds since 1970. */
  readonly 'tfa-locked-until'?: number;
}

export interface TfaConfig {
  readonly users: ReadonlyMap<string, UserTfa>;
  /** Other members of the file, as they are. */
  readonly others: Readonly<Record<string, unknown>>;
}

export type TfaReading = { readonly config: TfaConfig } | { readonly error: string };

/** An empty file has no users. A file that isn't understood is an error: guessing would let users in without their factor. */
export function readTfaConfig(text: string): TfaReading {
  if (text.trim() === '') return { config: { users: new Map(), others: {} } };
  let json: unknown;
  try {
    json = JSON.parse(utf8ToText(text));
  } catch {
    return { error: 'tfa.cfg is not JSON' };
  }
  if (!isObject(json)) return { error: 'tfa.cfg holds no JSON object' };
  const { users = {}, ...others } = json;
  if (!isObject(users)) return { error: "tfa.cfg: 'users' is no object" };
  const found = new Map<string, UserTfa>();
  for (const [userid, user] of Object.entries(users)) {
    const complaint = userComplaint(user);
    if (complaint !== undefined) return { error: `tfa.cfg: ${complaint} of user '${userid}'` };
    found.set(userid, user as UserTfa);
  }
  return { config: { users: found, others } };
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function userComplaint(user: unknown): string | undefined {
  if (!isObject(user)) return 'the entry';
  for (const kind of tfaKinds) {
    const entries = user[kind] ?? [];
    if (!Array.isArray(entries) || !entries.every(isEntry)) return `bad ${kind} entry`;
  }
  const { recovery } = user;
  return recovery === undefined || isRecovery(recovery) ? undefined : 'bad recovery keys';
}

function isEntry(value: unknown): boolean {
  return isObject(value) && typeof value.id === 'string' && value.entry !== undefined;
}

function isRecovery(value: unknown): boolean {
  if (!isObject(value) || typeof value.secret !== 'string' || !Array.isArray(value.entries)) return false;
  return value.entries.every((entry) => entry === null || typeof entry === 'string');
}

/** Empty members are left out, and users that have nothing. @returns a byte string */
export function writeTfaConfig({ users, others }: TfaConfig): string {
  const written: [string, object][] = [];
  for (const [userid, user] of users) {
    const members = Object.entries(user).filter(([, value]) => !isEmpty(value));
    if (members.length > 0) written.push([userid, Object.fromEntries(members)]);
  }
  return textToUtf8(JSON.stringify({ users: Object.fromEntries(written), ...others }));
}

function isEmpty(value: unknown): boolean {
  return value === undefined || value === null || value === false || (Array.isArray(value) && value.length === 0);
}
