/** The corpora whose part is built. A folder of corpora without an entry here is reported as not implemented. */
import { accessCorpora } from './access.ts';
import type { Corpus } from './corpus.ts';
import { formatCorpora } from './formats.ts';
import { clusterConfImport, haFence, haRules, sectionConfig } from './ha-planning.ts';
import { scenarioCorpus } from './ha-scenarios/scenario-corpus.ts';
import { pmxcfs } from './pmxcfs.ts';
import { storageCorpora } from './storage.ts';

export const corpora: readonly Corpus[] = [
  scenarioCorpus('ha'),
  scenarioCorpus('ha-random'),
  scenarioCorpus('ha-targeted'),
  pmxcfs,
  haRules,
  haFence,
  clusterConfImport,
  sectionConfig,
  ...formatCorpora,
  ...storageCorpora,
  ...accessCorpora,
];
