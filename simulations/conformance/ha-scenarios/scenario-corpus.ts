/** Corpora of HA scenarios (`ha`, `ha-random`, `ha-targeted`): a directory each, judged as a whole by its log. */
import { basename } from 'node:path';
import { judgeScenario } from '../../reference/judge-scenario.ts';
import { findScenarios } from '../../reference/scenario-directory.ts';
import { type Corpus, type CorpusCase, judged } from '../corpus.ts';

export function scenarioCorpus(name: string): Corpus {
  return { name, run: async (directory) => findScenarios(directory).map(judgeCase) };
}

function judgeCase(directory: string): CorpusCase {
  const verdict = judgeScenario(directory);
  return judged(basename(directory), verdict.verdict === 'passed' ? undefined : verdict.difference);
}
