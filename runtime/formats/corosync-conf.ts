/**
 * `corosync.conf` as pvecm sees it: a tree of sections, read laxly and written canonically (spec/pmxcfs.md §7.7).
 *
 * Text is a byte string (one character per byte), so that digest and rewriting don't depend on an encoding.
 * What the engine reads from the same file is `corosync-conf-read.ts`.
 */
import { createHash } from 'node:crypto';

/** A section: options are strings; `nodelist.node` and `totem.interface` are sections by key, other lists are arrays. */
export interface Section {
  [key: string]: string | Section | Section[];
}

export interface CorosyncConf {
  readonly sections: Section;
  /** SHA-1 of the raw text, hexadecimal. */
  readonly digest: string;
}

export type ParsedCorosyncConf = { readonly conf: CorosyncConf } | { readonly error: string };

/** Section names that may stand several times. */
const repeatable = new Set(['node', 'interface']);

/** The lists that are keyed, by their place: which options name an item, the first that is there. */
const keyedLists = [
  { parent: 'nodelist', list: 'node', keys: ['name', 'ring0_addr'] },
  { parent: 'totem', list: 'interface', keys: ['linknumber', 'ringnumber'] },
] as const;

/** Parses `text`. The error is pvecm's sentence; empty text gives an empty tree. */
export function parseCorosyncConf(text: string): ParsedCorosyncConf {
  const tokens = text
    .replace(/#.*$/gm, '')
    .split(/\s+/)
    .filter((token) => token !== '');
  const root = newSection();
  const open: { name: string; section: Section }[] = [];
  let section = root;
  for (let index = 0; index < tokens.length; index++) {
    const token = tokens[index]!;
    if (token === '}') {
      if (open.pop() === undefined) return { error: "parse error - uncexpected '}'" };
      section = open.at(-1)?.section ?? root;
      continue;
    }
    const next = tokens[++index];
    if (token.endsWith(':')) {
      const key = token.slice(0, -1);
      if (next === undefined || next === '{' || next === '}') return { error: `parse error - no value for '${key}'` };
      section[key] = next;
      continue;
    }
    if (next !== '{' || token === '{') return { error: `missing ':' after key '${token}'` };
    const child = newSection();
    if (!attach(section, token, child)) return { error: `section '${token}' already exists and not marked as array!` };
    open.push({ name: token, section: child });
    section = child;
  }
  const unclosed = open.at(-1);
  if (unclosed) return { error: `parse error - missing '}' of section '${unclosed.name}'` };
  const error = keyLists(root);
  return error === undefined ? { conf: { sections: root, digest: corosyncConfDigest(text) } } : { error };
}

/** SHA-1 of the raw text, hexadecimal: what a client names to show which version it edited. */
export function corosyncConfDigest(text: string): string {
  return createHash('sha1').update(text, 'latin1').digest('hex');
}

/** The canonical text of a tree: ascending keys, two spaces per level, an empty line after each top-level section. */
export function writeCorosyncConf(sections: Section): string {
  const lines: string[] = [];
  writeSection(lines, unkeyed(sections), '');
  return lines.map((line) => `${line}\n`).join('');
}

/** A copy that shares nothing with `section`. */
export function copySection(section: Section): Section {
  const copy = newSection();
  for (const [key, value] of Object.entries(section)) {
    if (typeof value === 'string') copy[key] = value;
    else copy[key] = Array.isArray(value) ? value.map(copySection) : copySection(value);
  }
  return copy;
}

/** The section `name` of `parent`, or undefined where there is none, or an option of that name. */
export function sectionOf(parent: Section | undefined, name: string): Section | undefined {
  const value = parent?.[name];
  return typeof value === 'object' && !Array.isArray(value) ? value : undefined;
}

/** The option `name` of `section`, or undefined where there is none, or a section of that name. */
export function optionOf(section: Section | undefined, name: string): string | undefined {
  const value = section?.[name];
  return typeof value === 'string' ? value : undefined;
}

/** The items of a keyed list, in the order of their keys; items that aren't sections are left out. */
export function itemsOf(list: Section | undefined): [key: string, item: Section][] {
  return sortedKeys(list ?? {}).flatMap((key) => {
    const item = sectionOf(list, key);
    return item ? [[key, item]] : [];
  });
}

/** An empty section; without a prototype, because its keys come from a file. */
export function newSection(): Section {
  return Object.create(null) as Section;
}

function attach(parent: Section, name: string, child: Section): boolean {
  const present = parent[name];
  if (!repeatable.has(name)) {
    if (present !== undefined) return false;
    parent[name] = child;
    return true;
  }
  if (present !== undefined && !Array.isArray(present)) return false;
  parent[name] = [...(present ?? []), child];
  return true;
}

function keyLists(root: Section): string | undefined {
  for (const { parent, list, keys } of keyedLists) {
    const section = sectionOf(root, parent);
    const items = section?.[list];
    if (!section || !Array.isArray(items)) continue;
    const keyed = newSection();
    for (const [position, item] of items.entries()) {
      // The engine numbers a lone interface without a number itself; a node without any name can't be addressed.
      const key =
        optionOf(item, keys[0]) ?? optionOf(item, keys[1]) ?? (list === 'interface' ? `${position}` : undefined);
      if (key === undefined) return `parse error - a node has neither '${keys[0]}' nor '${keys[1]}'`;
      keyed[key] = item;
    }
    section[list] = keyed;
  }
  return undefined;
}

function unkeyed(root: Section): Section {
  const result = copySection(root);
  for (const { parent, list } of keyedLists) {
    const section = sectionOf(result, parent);
    const items = sectionOf(section, list);
    if (section && items) section[list] = itemsOf(items).map(([, item]) => item);
  }
  return result;
}

function writeSection(lines: string[], section: Section, indent: string): void {
  for (const key of sortedKeys(section)) {
    const value = section[key]!;
    if (typeof value === 'string') {
      lines.push(`${indent}${key}: ${value}`);
      continue;
    }
    for (const item of Array.isArray(value) ? value : [value]) {
      lines.push(`${indent}${key} {`);
      writeSection(lines, item, `${indent}  `);
      lines.push(`${indent}}`);
      if (indent === '') lines.push('');
    }
  }
}

/** Keys in byte order, which is also JavaScript's default order for byte strings. */
function sortedKeys(section: Section): string[] {
  return Object.keys(section).sort();
}
