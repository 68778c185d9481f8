/** `explain fence NODE`: why a node was fenced, from black boxes and logs of survivors and victim. */
import { existsSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { nodeLayout } from '../../../runtime/node/layout.ts';
import { reportFence } from './report.ts';
import { readTestimony } from './testimony.ts';

const EXPLAINED = 0;
const NOTHING_FOUND = 1;

export interface ExplainFenceArguments {
  readonly node: string;
  /** Files, directories of a node's logs, roots of nodes, or directories with these. */
  readonly paths: readonly string[];
  readonly isJson: boolean;
  readonly now_ms: number;
  readonly print: (text: string) => void;
  readonly complain: (text: string) => void;
}

/** Resolves with the exit code: 0 explained, 1 nothing found. */
export async function explainFence(options: ExplainFenceArguments): Promise<number> {
  const { complain, isJson, node, now_ms, paths, print } = options;
  const files = paths.flatMap((path) => evidenceFiles(path) ?? [path]);
  if (files.length === 0) {
    complain(`no black box and no log was found in ${paths.join(', ')}`);
    return NOTHING_FOUND;
  }
  const { report, text } = reportFence(node, await readTestimony(files, now_ms));
  const isExplained = report.fencings.length > 0;
  if (isJson) print(JSON.stringify(report, undefined, 2));
  else if (isExplained) print(text);
  else complain(text);
  return isExplained ? EXPLAINED : NOTHING_FOUND;
}

const evidenceNames = /^(?:black-box(?:-[\w-]+)?\.jsonl|[\w.-]*\.log|syslog|journal[\w.-]*)(?:\.\d+)?(?:\.gz)?$/;
const deepest = 2;

/** The files of evidence in a directory, sorted; undefined for what is no directory. */
function evidenceFiles(path: string, depth = 0): readonly string[] | undefined {
  if (!existsSync(path) || !statSync(path).isDirectory()) return undefined;
  const logs = nodeLayout(path).logDirectory;
  if (existsSync(logs)) return filesIn(logs);
  const found = [...filesIn(path)];
  if (depth >= deepest) return found;
  for (const name of readdirSync(path).sort()) found.push(...(evidenceFiles(join(path, name), depth + 1) ?? []));
  return found;
}

function filesIn(directory: string): readonly string[] {
  const names = readdirSync(directory).filter((name) => evidenceNames.test(name));
  return names
    .sort()
    .map((name) => join(directory, name))
    .filter((path) => statSync(path).isFile());
}
