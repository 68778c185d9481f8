/** What ends a pvecm command: one sentence (or several lines) for people, and the exit code. */
export class PvecmFailure extends Error {
  readonly exitCode: number;

  /** 255 is the original's code of all failures but those of the quorum tool (spec/cli.md §1.1). */
  constructor(sentence: string, exitCode = 255) {
    super(sentence);
    this.exitCode = exitCode;
  }
}

/** Exit codes of `status`, `nodes` and `expected` (spec/pmxcfs.md §8.5). */
export const QUORUM_TOOL = { quorate: 0, failed: 1, notQuorate: 2 } as const;

/** A sentence per line. */
export function failWith(sentences: readonly string[]): never {
  throw new PvecmFailure(sentences.join('\n'));
}
