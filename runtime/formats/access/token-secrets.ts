/** `priv/token.cfg`: one line per API token, `<userid>!<tokenname> <secret>` (spec/pmxcfs.md, VERIFY_TOKEN). */
import { byBytes, textToUtf8, utf8ToText } from '../byte-string.ts';
import { splitTokenId } from './identity.ts';

/** Token id → secret. */
export type TokenSecrets = ReadonlyMap<string, string>;

/** Lines of another form are ignored. @param text byte string */
export function readTokenSecrets(text: string): TokenSecrets {
  const secrets = new Map<string, string>();
  for (const line of text.split('\n')) {
    const [, id, secret] = /^([^ \t]+)[ \t]+([^ \t]+)[ \t\r]*$/.exec(line) ?? [];
    if (id !== undefined && splitTokenId(utf8ToText(id)) !== undefined) secrets.set(utf8ToText(id), secret!);
  }
  return secrets;
}

/** @returns a byte string, sorted by token id */
export function writeTokenSecrets(secrets: TokenSecrets): string {
  return [...secrets]
    .sort(([a], [b]) => byBytes(a, b))
    .map(([id, secret]) => `${textToUtf8(id)} ${secret}\n`)
    .join('');
}
