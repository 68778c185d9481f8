/** `--link0 <addr>[,priority=<0..255>]` to `--link7`, as given to create, add and addnode. */
import { type LinkAddress, parseLinkAddress } from '../../runtime/formats/corosync-conf-edit.ts';
import { failWith } from './failure.ts';

/** Option texts by link number. */
export type LinkTexts = ReadonlyMap<number, string>;

/** Throws the sentences of all that are wrong. */
export function parseLinks(texts: LinkTexts): ReadonlyMap<number, LinkAddress> {
  const links = new Map<number, LinkAddress>();
  const errors: string[] = [];
  for (const [number, text] of texts) {
    const link = parseLinkAddress(text);
    if ('errors' in link) errors.push(...link.errors);
    else links.set(number, link);
  }
  return errors.length > 0 ? failWith(errors) : links;
}
