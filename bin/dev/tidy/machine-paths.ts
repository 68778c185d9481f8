/** No text file may hold an absolute path of the machine on which it was written. */
import type { Finding } from './finding.ts';
import { lineAt } from './source-text.ts';

/** Hidden files in root's home are paths of every node (`~/.ssh`, managed by pvecm). */
const machinePath = /(?<![\w.$}~/-])\/(?:work\/|root\/(?!\.))[\w./-]*/g;

export function checkMachinePaths(path: string, text: string): readonly Finding[] {
  return [...text.matchAll(machinePath)].map((match) => ({
    path,
    line: lineAt(text, match.index),
    sentence: `${match[0]} is a path of one machine`,
  }));
}
