/** Lines of `/var/log/pveproxy/access.log` (spec/api.md §1.5). */
import { appendFileSync, mkdirSync } from 'node:fs';
import { dirname } from 'node:path';

export interface AccessEntry {
  readonly address: string;
  readonly user: string | undefined;
  readonly wall_ms: number;
  readonly requestLine: string;
  readonly status: number;
  readonly bytes: number | undefined;
}

export function accessLine({ address, user, wall_ms, requestLine, status, bytes }: AccessEntry): string {
  const line = requestLine.replace(
    /[^\x20-\x7e]|["\\]/g,
    (sign) => `\\x${sign.charCodeAt(0).toString(16).padStart(2, '0')}`,
  );
  return `${address} - ${user ?? '-'} [${localTime(new Date(wall_ms))}] "${line}" ${status} ${bytes ?? '-'}`;
}

function localTime(date: Date): string {
  const two = (value: number) => String(value).padStart(2, '0');
  const offset = -date.getTimezoneOffset();
  const zone = `${offset < 0 ? '-' : '+'}${two(Math.floor(Math.abs(offset) / 60))}${two(Math.abs(offset) % 60)}`;
  const day = `${two(date.getDate())}/${two(date.getMonth() + 1)}/${date.getFullYear()}`;
  return `${day}:${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())} ${zone}`;
}

export type AccessLog = (entry: AccessEntry) => void;

/** Appends to a file that several processes share; what can't be written is dropped. */
export function accessLogFile(path: string): AccessLog {
  mkdirSync(dirname(path), { recursive: true });
  return (entry) => {
    try {
      appendFileSync(path, `${accessLine(entry)}\n`, { mode: 0o640 });
    } catch {
      // A full disk must not end answers.
    }
  };
}
