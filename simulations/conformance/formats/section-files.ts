/** The corpus `section-config-files`: storage.cfg, jobs.cfg, replication.cfg (its README). */
import { readStorageConfig, writeStorageConfig } from '../../../machines/storage/storage-config.ts';
import { textToUtf8, utf8ToText } from '../../../runtime/formats/byte-string.ts';
import { readJobsConfig, writeJobsConfig } from '../../../runtime/formats/jobs-config.ts';
import { readReplicationConfig, writeReplicationConfig } from '../../../runtime/formats/replication-config.ts';
import type { Section, WritableConfig } from '../../../runtime/formats/section-config.ts';
import { looseDifference, vectorCorpus } from '../vectors.ts';

interface Vector {
  readonly id: string;
  readonly file: string;
  readonly input: string;
  readonly warnings: readonly string[];
  readonly expected: { readonly ids: Readonly<Record<string, unknown>>; readonly digest: string };
  readonly rewritten?: string;
}

interface FileFormat {
  read(
    text: string,
    fileName: string,
  ): WritableConfig & { readonly digest: string; readonly warnings: readonly string[] };
  write(config: WritableConfig): { readonly text: string } | { readonly error: string };
}

const files: Readonly<Record<string, FileFormat>> = {
  'storage.cfg': { read: readStorageConfig, write: writeStorageConfig },
  'jobs.cfg': { read: readJobsConfig, write: writeJobsConfig },
  'replication.cfg': { read: readReplicationConfig, write: writeReplicationConfig },
};

export const sectionFiles = vectorCorpus<Vector, { readonly cases: readonly Vector[] }>(
  'section-config-files',
  ({ file, input, warnings, expected, rewritten }) => {
    const format = files[file];
    if (format === undefined) return `no reader for ${file}`;
    const config = format.read(textToUtf8(input), file);
    return (
      warningsDifference(config.warnings.map(utf8ToText), warnings) ??
      looseDifference({ ids: idsOf(config), digest: config.digest }, expected) ??
      rewrittenDifference(format, config, rewritten)
    );
  },
);

/** A line that ends in ` - ` leaves the rest open. */
function warningsDifference(actual: readonly string[], expected: readonly string[]): string | undefined {
  const open = actual.map((line, index) => {
    const wanted = expected[index] ?? '';
    return wanted.endsWith(' - ') && line.startsWith(wanted) ? wanted : line;
  });
  return looseDifference(open, expected);
}

function idsOf({ ids }: WritableConfig): unknown {
  return Object.fromEntries([...ids].map(([id, section]) => [id, section === null ? null : valuesOf(section)]));
}

/** Comments are Unicode already. */
function valuesOf({ type, values }: Section): unknown {
  const texts = [...values].map(([key, value]) => [
    key,
    typeof value === 'string' && key !== 'comment' ? utf8ToText(value) : value,
  ]);
  return { type, ...Object.fromEntries(texts) };
}

function rewrittenDifference(
  format: FileFormat,
  config: WritableConfig,
  expected: string | undefined,
): string | undefined {
  if (expected === undefined) return undefined;
  const written = format.write(config);
  return looseDifference('error' in written ? written.error : utf8ToText(written.text), expected);
}
