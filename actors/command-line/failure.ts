/** What ends a command of one of the original's tools: what is told on standard error, and whether the short usage follows (spec/cli.md §1.1). */
export class ToolFailure extends Error {
  readonly isAboutUsage: boolean;

  constructor(sentence: string, isAboutUsage = false) {
    super(sentence);
    this.isAboutUsage = isAboutUsage;
  }
}
