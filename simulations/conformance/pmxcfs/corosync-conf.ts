/** Part `corosync-conf/` of the corpus pmxcfs: a case per sample of `expected.json`. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type CorosyncConf, parseCorosyncConf, writeCorosyncConf } from '../../../runtime/formats/corosync-conf.ts';
import { type CorpusCase, differenceOf, judged } from '../corpus.ts';

interface Sample {
  readonly file: string;
  readonly sha1: string;
  readonly parsed: unknown;
  readonly written?: string;
}

/** Runs all samples; `directory` is the folder of the corpus pmxcfs. */
export async function run(directory: string): Promise<readonly CorpusCase[]> {
  const folder = join(directory, 'corosync-conf');
  let samples: readonly Sample[];
  try {
    samples = JSON.parse(readFileSync(join(folder, 'expected.json'), 'utf8')) as Sample[];
  } catch (error) {
    return [judged('corosync-conf/expected.json', `can't be read: ${(error as Error).message}`)];
  }
  return samples.map((sample) => judged(`corosync-conf/${sample.file}`, judge(folder, sample)));
}

function judge(folder: string, sample: Sample): string | undefined {
  try {
    const parsed = parseCorosyncConf(readFileSync(join(folder, sample.file), 'latin1'));
    return 'error' in parsed ? `refused: ${parsed.error}` : differenceFromSample(folder, sample, parsed.conf);
  } catch (error) {
    return `can't be read: ${(error as Error).message}`;
  }
}

function differenceFromSample(folder: string, sample: Sample, { sections, digest }: CorosyncConf): string | undefined {
  const difference = differenceOf(digest, sample.sha1) ?? differenceOf(ordered(sections), ordered(sample.parsed));
  if (difference !== undefined || sample.written === undefined) return difference;
  return differenceOf(writeCorosyncConf(sections), readFileSync(join(folder, sample.written), 'latin1'));
}

/** Objects with their keys in order: the order of options has no meaning in a parsed form. */
function ordered(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(ordered);
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries(entries.map(([key, child]) => [key, ordered(child)]));
}
