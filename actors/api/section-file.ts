/** Files of sections that methods change: read, changed and written whole under their lock (spec/storage.md §1). */
import { Buffer } from 'node:buffer';
import type { Section, WritableConfig } from '../../runtime/formats/section-config.ts';
import { type ChangedSection, digestRefusal } from '../../runtime/formats/section-update.ts';
import { ApiFailure } from './failure.ts';
import type { ApiWorld, ClusterChanges } from './world.ts';

export interface SectionContent {
  readonly digest: string;
  readonly ids: ReadonlyMap<string, Section | null>;
  readonly order: ReadonlyMap<string, number>;
}

export interface SectionFile {
  readonly path: string;
  readonly lock: string;
  /** @param text byte string */
  decode(text: string): SectionContent;
  encode(config: WritableConfig): { readonly text: string } | { readonly error: string };
}

export async function readSectionFile(world: ApiWorld, file: SectionFile): Promise<SectionContent> {
  const source = world.changes ?? world.cluster;
  return file.decode((await source.read(file.path))?.toString('latin1') ?? '');
}

/** `change` may throw; then nothing is written. */
export async function changeSectionFile(
  changes: ClusterChanges,
  file: SectionFile,
  digest: string | undefined,
  change: (ids: Map<string, Section | null>) => void,
): Promise<void> {
  await changes.withLock(file.lock, async () => {
    const before = file.decode((await changes.read(file.path))?.toString('latin1') ?? '');
    const refusal = digestRefusal(digest, before.digest);
    if (refusal !== undefined) throw new ApiFailure(refusal);
    const ids = new Map(before.ids);
    change(ids);
    const written = file.encode({ ids, order: orderOf(ids, before.order) } as WritableConfig);
    if ('error' in written) throw new ApiFailure(written.error);
    await changes.replace(file.path, Buffer.from(written.text, 'latin1'));
  });
}

/** New sections come last. */
function orderOf(ids: ReadonlyMap<string, unknown>, before: ReadonlyMap<string, number>): ReadonlyMap<string, number> {
  let last = Math.max(0, ...before.values());
  return new Map([...ids.keys()].map((id) => [id, before.get(id) ?? ++last]));
}

/** The section of a change that was not refused. */
export function changedSection(changed: ChangedSection): Section {
  if ('error' in changed) throw new ApiFailure(changed.error);
  return changed.section;
}

/** Sets as sorted lists, maps as property strings, everything else as it is. */
export function shownValues({ values }: Section): Record<string, unknown> {
  return Object.fromEntries([...values].map(([key, value]) => [key, shownValue(value)]));
}

function shownValue(value: unknown): unknown {
  if (value instanceof Set) return [...value].sort().join(',');
  if (value instanceof Map) return [...value].map(([key, one]) => `${key}=${one}`).join(',');
  return value;
}

/** Parameters but for those that are no options. */
export function givenValues(
  params: Readonly<Record<string, unknown>>,
  others: ReadonlySet<string>,
): Map<string, unknown> {
  return new Map(
    Object.entries(params).filter(([key, value]) => !others.has(key) && value !== null && value !== undefined),
  );
}
