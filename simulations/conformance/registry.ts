/** The corpora whose part is built. A folder of corpora without an entry here is reported as not implemented. */
import type { Corpus } from './corpus.ts';
import { pmxcfs } from './pmxcfs.ts';

export const corpora: readonly Corpus[] = [pmxcfs];
