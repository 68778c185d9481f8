/** Lines as journalctl and syslog write them: `short`, `short-precise`, `short-iso` and its kin, `short-full`; and those of this project's own logs. */

export interface JournalLine {
  /** Milliseconds since the epoch, as if in UTC where `hasZone` is false. */
  readonly at_ms: number;
  /** The month alone was written, so the year is a guess. */
  readonly isYearless: boolean;
  readonly hasZone: boolean;
  /** East of Greenwich. */
  readonly zone_minutes: number;
  readonly isCoarse: boolean;
  readonly host: string;
  /** Empty in lines of this project. */
  readonly program: string;
  readonly pid: number | undefined;
  readonly message: string;
}

const months = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

const yearless = /^([A-Z][a-z]{2}) {1,2}(\d{1,2}) (\d\d):(\d\d):(\d\d)(\.\d+)? (.*)$/;
const iso = /^(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)([.,]\d+)?(Z|[+-]\d\d:?\d\d)? (.*)$/;
const full = /^[A-Z][a-z]{2} (\d{4})-(\d\d)-(\d\d) (\d\d):(\d\d):(\d\d)(\.\d+)? (\S+) (.*)$/;
const rest = /^(\S+) ([^\s:[]+)(?:\[(\d+)\])?: (.*)$/;
const ownRest = /^(\S+) (\[[^\]]+\] \w+: .*)$/;

/** Reads one line; `year` is that of lines that don't tell theirs. Undefined where it has another form. */
export function readJournalLine(text: string, year: number): JournalLine | undefined {
  const stamped = readStamp(text, year);
  if (stamped === undefined) return undefined;
  const { behind, ...stamp } = stamped;
  const own = ownRest.exec(behind);
  if (own !== null) return { ...stamp, host: shortName(own[1]!), program: '', pid: undefined, message: own[2]! };
  const match = rest.exec(behind);
  if (match === null) return undefined;
  const [, host, program, pid, message] = match;
  return {
    ...stamp,
    host: shortName(host!),
    program: program!,
    pid: pid === undefined ? undefined : Number(pid),
    message: message!,
  };
}

/** `-- Boot 5d1c… --`, as journalctl writes it between two boots. */
export function isBootMark(text: string): boolean {
  return /^-- (Boot [0-9a-f]+|Reboot) --$/.test(text.trim());
}

function readStamp(text: string, year: number) {
  const short = yearless.exec(text);
  if (short !== null) {
    const [, name, day, h, m, s, fraction, behind] = short;
    const month = months.indexOf(name!);
    if (month < 0) return undefined;
    const at_ms = Date.UTC(year, month, Number(day), Number(h), Number(m), Number(s)) + milliseconds(fraction);
    const isCoarse = fraction === undefined;
    return { at_ms, isYearless: true, hasZone: false, zone_minutes: 0, isCoarse, behind: behind! };
  }
  const match = iso.exec(text) ?? full.exec(text);
  if (match === null) return undefined;
  const [, y, month, day, h, m, s, fraction, zone, behind] = match;
  const local_ms = Date.UTC(Number(y), Number(month) - 1, Number(day), Number(h), Number(m), Number(s));
  const zone_minutes = minutesOf(zone);
  return {
    at_ms: local_ms + milliseconds(fraction) - (zone_minutes ?? 0) * 60_000,
    isYearless: false,
    hasZone: zone_minutes !== undefined,
    zone_minutes: zone_minutes ?? 0,
    isCoarse: fraction === undefined,
    behind: behind!,
  };
}

function milliseconds(fraction: string | undefined): number {
  return fraction === undefined ? 0 : Math.trunc(Number(`0.${fraction.slice(1)}`) * 1000);
}

/** Undefined for a zone that only has a name. */
function minutesOf(zone: string | undefined): number | undefined {
  if (zone === 'Z' || zone === 'UTC' || zone === 'GMT') return 0;
  const match = /^([+-])(\d\d):?(\d\d)$/.exec(zone ?? '');
  if (match === null) return undefined;
  return (match[1] === '-' ? -1 : 1) * (Number(match[2]) * 60 + Number(match[3]));
}

function shortName(host: string): string {
  return /^[\d.]+$/.test(host) ? host : host.replace(/\..*$/, '');
}
