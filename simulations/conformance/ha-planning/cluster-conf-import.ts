/** The corpus `cluster-conf-import`: a folder per case, all four texts compared (its README). */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { importClusterConf } from '../../../machines/ha/legacy/cluster-conf.ts';
import type { GuestKinds } from '../../../machines/ha/legacy/guest-services.ts';
import { type CorpusCase, judged } from '../corpus.ts';
import { lineDifference } from './expected-files.ts';

export async function run(directory: string): Promise<readonly CorpusCase[]> {
  const folders = readdirSync(directory, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => name)
    .sort();
  return folders.map((name) => {
    try {
      return judged(name, differenceIn(join(directory, name)));
    } catch (error) {
      return judged(name, (error as Error).message);
    }
  });
}

function differenceIn(folder: string): string | undefined {
  const read = (name: string) => readFileSync(join(folder, name), 'utf8');
  const imported = importClusterConf(read('cluster.conf'), JSON.parse(read('guests.json')) as GuestKinds);
  if ('failure' in imported) return imported.failure;
  const texts = [
    ['resources.cfg', imported.files['ha/resources.cfg']],
    ['rules.cfg', imported.files['ha/rules.cfg']],
    ['fence.cfg', imported.files['ha/fence.cfg']],
    ['report', imported.report],
  ] as const;
  for (const [name, text] of texts) {
    const difference = lineDifference(text, read(`${name}.expect`));
    if (difference !== undefined) return `${name}, ${difference}`;
  }
  return undefined;
}
