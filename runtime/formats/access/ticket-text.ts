/**
 * Texts of tickets: `<prefix>:[<data>:]<HEXTIME>::<base64 signature>` (spec/api.md §4.4, §4.7, §4.9). Who signs and checks
 * is `runtime/access/tickets.ts`.
 */

/** `PVE`: a login. `PVEVNC`: a console. `PVETUNNEL`: a migration's websocket. */
export type TicketPrefix = 'PVE' | 'PVEVNC' | 'PVETUNNEL';

export interface TicketText {
  /** What stands before `::`; the signature covers it. */
  readonly plain: string;
  /** Standard base64. */
  readonly signature: string;
  readonly data?: string;
  /** Seconds since 1970. */
  readonly issued_s: number;
}

/** Eight upper-case hex digits. */
export function hexTime(time_s: number): string {
  return time_s.toString(16).toUpperCase().padStart(8, '0');
}

/** The part that is signed. @param data colons in it are hidden */
export function plainTicket(prefix: TicketPrefix, data: string | undefined, now_s: number): string {
  const middle = data === undefined ? '' : `${data.replaceAll(':', '%3A')}:`;
  return `${prefix}:${middle}${hexTime(now_s)}`;
}

/** What the signature is made over. @param additional data that both sides know and that isn't sent */
export function textToSign(plain: string, additional?: string): string {
  return additional === undefined ? plain : `${plain}:${additional}`;
}

export function assembledTicket(plain: string, signature: string): string {
  return `${plain}::${signature}`;
}

/** The parts of a ticket, unverified; undefined where the text is none of this prefix. */
export function parseTicket(prefix: TicketPrefix, ticket: string): TicketText | undefined {
  const [, plain, signature] = /^(\S+)::([^:\s]+)$/.exec(ticket) ?? [];
  if (plain === undefined || signature === undefined || !plain.startsWith(`${prefix}:`)) return undefined;
  const [, data, time] = /^(?:(\S+):)?([0-9A-F]{8})$/.exec(plain.slice(prefix.length + 1)) ?? [];
  if (time === undefined) return undefined;
  // Nothing but colons was hidden: decoding more would make another user's name of one with a `%` in it.
  const shown = data === undefined ? {} : { data: data.replaceAll('%3A', ':') };
  return { plain, signature, issued_s: Number.parseInt(time, 16), ...shown };
}

const halfMark = '!tfa!';

/** The data of a ticket that waits for its second factor. @param challenge compact JSON */
export function halfTicketData(challenge: string): string {
  return halfMark + challenge;
}

/** The challenge of a half ticket's data; undefined for a whole ticket, whose data is a user id. */
export function challengeOf(data: string): string | undefined {
  return data.startsWith(halfMark) ? data.slice(halfMark.length) : undefined;
}

/** What a console ticket is bound to besides its text. @param path normalised */
export function consoleBinding(userid: string, path: string, port?: number): string {
  return port === undefined ? `${userid}:${path}` : `${userid}:${path}:${port}`;
}

/** A console ticket without the password that may stand before it: 8 characters from `!` to `` ` `` and a colon. */
export function withoutConsolePassword(ticket: string): string {
  return ticket.replace(/^[!-`]{8}:(?=PVEVNC:)/, '');
}
