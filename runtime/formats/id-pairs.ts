/**
 * Maps of storages or bridges, from the source's to the target's, in one value (spec/formats.md §3): `1` (each to
 * itself), a default target, `source:target`.
 */
import { splitList } from './list-text.ts';
import type { FormatCheck } from './property-schema.ts';

export interface IdMap {
  readonly isIdentity: boolean;
  readonly defaultTarget: string | undefined;
  readonly targets: ReadonlyMap<string, string>;
}

type Entry = { readonly source?: string; readonly target: string } | 'identity';

function parseEntry(text: string, idComplaint: FormatCheck): Entry | { readonly error: string } {
  if (text === '1') return 'identity';
  const [, source, target] = /^([^:]+):([^:]+)$/.exec(text) ?? [];
  const ids = source === undefined || target === undefined ? [text] : [source, target];
  const complaint = ids.map(idComplaint).find((one) => one !== undefined);
  if (complaint !== undefined) return { error: `entry '${text}' contains invalid ID - ${complaint}` };
  return source === undefined || target === undefined ? { target: text } : { source, target };
}

export function parseIdMap(
  text: string,
  idComplaint: FormatCheck,
): { readonly map: IdMap } | { readonly error: string } {
  let isIdentity = false;
  let defaultTarget: string | undefined;
  const targets = new Map<string, string>();
  for (const part of splitList(text)) {
    const entry = parseEntry(part, idComplaint);
    if (entry === 'identity') {
      isIdentity = true;
      continue;
    }
    if ('error' in entry) return entry;
    if (entry.source === undefined) {
      if (defaultTarget !== undefined) return { error: 'default target ID can only be provided once' };
      defaultTarget = entry.target;
    } else {
      if (targets.has(entry.source)) return { error: `duplicate mapping for source '${entry.source}'` };
      targets.set(entry.source, entry.target);
    }
  }
  if (isIdentity && (defaultTarget !== undefined || targets.size > 0)) {
    return { error: 'identity mapping cannot be combined with other mappings' };
  }
  return { map: { isIdentity, defaultTarget, targets } };
}

/** Where a source goes. */
export function mappedId({ targets, defaultTarget }: IdMap, source: string): string {
  return targets.get(source) ?? defaultTarget ?? source;
}

/** The formats `NAME` for one entry and `NAME-list` for a whole map. */
export function idPairFormats(name: string, idComplaint: FormatCheck): readonly (readonly [string, FormatCheck])[] {
  const complaintAboutEntry: FormatCheck = (text) => {
    const entry = parseEntry(text, idComplaint);
    return entry !== 'identity' && 'error' in entry ? entry.error : undefined;
  };
  const complaintAboutMap: FormatCheck = (text) => {
    const read = parseIdMap(text, idComplaint);
    return 'error' in read ? read.error : undefined;
  };
  return [
    [name, complaintAboutEntry],
    [`${name}-list`, complaintAboutMap],
  ];
}
