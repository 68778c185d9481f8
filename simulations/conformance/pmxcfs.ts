/** The corpus `pmxcfs`: a part per kind of file (its README, "Cases"). */
import type { CorpusCase } from './corpus.ts';
import { corpusOfParts } from './parts.ts';

type Run = (directory: string) => Promise<readonly CorpusCase[]>;

/** Loaded when its turn comes: a part whose native modules are missing must not take the others with it. */
function part(load: () => Promise<{ readonly run: Run }>): Run {
  return async (directory) => (await load()).run(directory);
}

export const pmxcfs = corpusOfParts(
  'pmxcfs',
  [
    { reads: /^memdb-(index\.json|ops\.jsonl)$/, run: part(() => import('./pmxcfs/memdb.ts')) },
    { reads: /^messages\.json$/, run: part(() => import('./pmxcfs/messages.ts')) },
    { reads: /^ipc-requests\.json$/, run: part(() => import('./pmxcfs/ipc-requests.ts')) },
    { reads: /^trace-.*\.jsonl$/, run: part(() => import('./pmxcfs/traces.ts')) },
    { reads: /^status-files\.json$/, run: part(() => import('./pmxcfs/status-files.ts')) },
    { reads: /^text\.json$/, run: part(() => import('./pmxcfs/text.ts')) },
    { reads: /^quorum-table\.json$/, run: part(() => import('./pmxcfs/quorum.ts')) },
    { reads: /^totem-timeouts\.json$/, run: part(() => import('./pmxcfs/totem-timeouts.ts')) },
    { reads: /^corosync-conf$/, run: part(() => import('./pmxcfs/corosync-conf.ts')) },
    { reads: /^database$/, run: part(() => import('./pmxcfs/database.ts')) },
    { reads: /^fuse-local\.json$/, run: part(() => import('./pmxcfs/fuse-local.ts')) },
    { reads: /^observed-behaviour\.md$/, run: part(() => import('./pmxcfs/system-calls.ts')) },
  ],
  { readingMatter: /^(README\.md|logs)$/ },
);
