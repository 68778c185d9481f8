/** A corpus made of parts: each reads some files of the folder, and every file that holds cases has a part. */
import { readdirSync } from 'node:fs';
import type { Corpus, CorpusCase } from './corpus.ts';

export interface CorpusPart {
  /** Top-level entries of the corpus folder that this part reads; a folder counts by its name. */
  readonly reads: RegExp;
  /** The same promise as `Corpus.run`; undefined while the part isn't written. */
  readonly run: ((directory: string) => Promise<readonly CorpusCase[]>) | undefined;
}

/** A part that hangs (a mount that doesn't answer) must not take the verdict about the others with it. */
const defaultTimeout_ms = 600_000;

/**
 * Assembles a corpus. A part runs only where one of its files is in the folder, so that a folder with some of the files
 * can be judged. An unread file of cases (`.json`, `.jsonl`) and a part that isn't written are a failed case each.
 */
export function corpusOfParts(
  name: string,
  parts: readonly CorpusPart[],
  options: { readonly readingMatter: RegExp; readonly timeout_ms?: number },
): Corpus {
  return {
    name,
    async run(directory) {
      const entries = readdirSync(directory)
        .filter((entry) => !options.readingMatter.test(entry))
        .sort();
      const cases: CorpusCase[] = [];
      for (const part of parts) {
        const files = entries.filter((entry) => part.reads.test(entry));
        if (files.length > 0) {
          cases.push(...(await runPart(part, directory, files, options.timeout_ms ?? defaultTimeout_ms)));
        }
      }
      const unread = entries.filter((entry) => !parts.some(({ reads }) => reads.test(entry)));
      return [...cases, ...unread.map((entry) => failed(entry, 'no part of this corpus reads it'))];
    },
  };
}

async function runPart(
  part: CorpusPart,
  directory: string,
  files: readonly string[],
  timeout_ms: number,
): Promise<readonly CorpusCase[]> {
  if (part.run === undefined) return files.map((file) => failed(file, 'not implemented'));
  try {
    const cases = await within(part.run(directory), timeout_ms);
    return cases.length > 0 ? cases : files.map((file) => failed(file, 'no case was found in it'));
  } catch (error) {
    return [failed(files.join(', '), `its runner failed: ${error instanceof Error ? error.message : String(error)}`)];
  }
}

async function within<T>(promise: Promise<T>, timeout_ms: number): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const deadline = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error(`it did not end within ${timeout_ms / 1000} s`)), timeout_ms);
  });
  try {
    return await Promise.race([promise, deadline]);
  } finally {
    clearTimeout(timer);
  }
}

function failed(name: string, detail: string): CorpusCase {
  return { name, outcome: 'failed', detail };
}
