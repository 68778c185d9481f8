import type { SourceText } from './source-text.ts';

/** What tidy says: a sentence at a place. */
export interface Finding {
  /** Relative to the root, with slashes. */
  readonly path: string;
  readonly line: number;
  readonly sentence: string;
  /** Warnings are printed and fail nothing. */
  readonly warning?: true;
}

export interface SourceFile extends SourceText {
  readonly path: string;
  readonly text: string;
}

export function isTest(path: string): boolean {
  return path.endsWith('.test.ts') || path.startsWith('runtime/test-support/');
}

export function formatFinding({ path, line, sentence, warning }: Finding): string {
  return `${path}:${line}: ${warning ? 'warning: ' : ''}${sentence}`;
}
