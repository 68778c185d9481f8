/** `priv/shadow.cfg`: the password hashes of the built-in realm, `<name>:<hash>:` (spec/access.md §8.2). */
import { byBytes, textToUtf8, utf8ToText } from '../byte-string.ts';

/** Name without realm → hash. */
export type ShadowConfig = ReadonlyMap<string, string>;

const shadowLine = /^([^ \t\r\n\f\v:/]+):([^ \t\r\n\f\v:]+):?$/;

/** Lines of another form are ignored. @param text byte string */
export function readShadowConfig(text: string): ShadowConfig {
  const hashes = new Map<string, string>();
  for (const raw of text.split('\n')) {
    const [, name, hash] = shadowLine.exec(raw.replace(/^[ \t\r\f\v]+|[ \t\r\f\v]+$/g, '')) ?? [];
    if (name !== undefined && hash !== undefined) hashes.set(utf8ToText(name), hash);
  }
  return hashes;
}

/** @returns a byte string, sorted by name */
export function writeShadowConfig(hashes: ShadowConfig): string {
  return [...hashes]
    .sort(([a], [b]) => byBytes(a, b))
    .map(([name, hash]) => `${textToUtf8(name)}:${hash}:\n`)
    .join('');
}
