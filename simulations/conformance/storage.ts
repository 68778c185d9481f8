/** The corpora of storages. */
import type { Corpus } from './corpus.ts';
import { volumeAccessCorpus } from './storage/access.ts';
import { archiveInfoCorpus } from './storage/archive-info.ts';
import { bandwidthCorpus } from './storage/bandwidth.ts';
import { pathToVolidCorpus } from './storage/path-to-volid.ts';
import { pruneCorpus } from './storage/prune.ts';
import { filesystemPathCorpus, parseVolnameCorpus, subdirCorpus } from './storage/volume-names.ts';

export const storageCorpora: readonly Corpus[] = [
  archiveInfoCorpus,
  bandwidthCorpus,
  filesystemPathCorpus,
  parseVolnameCorpus,
  pathToVolidCorpus,
  pruneCorpus,
  subdirCorpus,
  volumeAccessCorpus,
];
