/** Part `text.json` of the corpus pmxcfs: a case per entry of its lists. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { isLockPath, isPrivatePath } from '../../../machines/pmxcfs/tree/path-class.ts';
import { asciiFilter } from '../../../runtime/formats/ascii-filter.ts';
import { configVersionOf } from '../../../runtime/formats/config-version.ts';
import { fnv1a64 } from '../../../runtime/formats/fnv.ts';
import { type CorpusCase, differenceOf, judged } from '../corpus.ts';
import { byteString } from './tree-fixture.ts';

interface Texts {
  readonly utf8_to_ascii?: readonly { readonly in_hex: string; readonly quote: boolean; readonly out: string }[];
  readonly config_version?: readonly { readonly in: string; readonly out: string }[];
  readonly path_class?: readonly { readonly path: string; readonly private: boolean; readonly lockdir: boolean }[];
  readonly fnv1a64?: readonly { readonly in: string; readonly out: string }[];
}

/** How each list is judged: the difference of one entry. */
const judges: { readonly [List in keyof Texts]-?: (entry: NonNullable<Texts[List]>[number]) => string | undefined } = {
  utf8_to_ascii: ({ in_hex, quote, out }) => differenceOf(asciiFilter(Buffer.from(in_hex, 'hex'), quote), out),
  config_version: (entry) => differenceOf(configVersionOf(byteString(entry.in)).toString(), entry.out),
  path_class: (entry) => {
    const path = byteString(entry.path);
    return differenceOf([isPrivatePath(path), isLockPath(path)], [entry.private, entry.lockdir]);
  },
  // The texts are written with their NUL as the two characters \0; the digest adds it by itself.
  fnv1a64: (entry) => {
    const text = byteString(entry.in);
    if (!text.endsWith('\\0')) return 'the text has no NUL';
    return differenceOf(fnv1a64(text.slice(0, -2)).toString(16).padStart(16, '0'), entry.out);
  },
};

/** Runs all cases; `directory` is the folder of the corpus pmxcfs. */
export async function run(directory: string): Promise<readonly CorpusCase[]> {
  let lists: Readonly<Record<string, readonly unknown[]>>;
  try {
    lists = JSON.parse(readFileSync(join(directory, 'text.json'), 'utf8'));
  } catch (error) {
    return [judged('text.json', `can't be read: ${(error as Error).message}`)];
  }
  return Object.entries(lists).flatMap(([list, entries]) => {
    const judge = (judges as Readonly<Record<string, ((entry: never) => string | undefined) | undefined>>)[list];
    if (judge === undefined) return [judged(`text.json ${list}`, 'a list of an unknown kind')];
    return entries.map((entry, at) => judged(`text.json ${list} ${at}`, judge(entry as never)));
  });
}
