/** All rules over all files of a repository. */

import type { Finding, SourceFile } from './finding.ts';
import { checkForm } from './form-rules.ts';
import { checkCircles, checkImports } from './import-rules.ts';
import { checkMachinePaths } from './machine-paths.ts';
import { checkPurity } from './purity-rules.ts';
import { readSource } from './source-text.ts';
import { declaredPackages, isSource, readText, repositoryFiles } from './tree.ts';

/** Findings sorted by place. */
export function checkTree(root: string): readonly Finding[] {
  const declared = declaredPackages(root);
  const sources: SourceFile[] = [];
  const findings: Finding[] = [];
  for (const path of repositoryFiles(root)) {
    const text = readText(root, path);
    if (text === undefined) continue;
    findings.push(...checkMachinePaths(path, text));
    if (isSource(path)) sources.push({ path, text, ...readSource(text) });
  }
  for (const source of sources) {
    findings.push(...checkForm(source), ...checkImports(source, declared), ...checkPurity(source));
  }
  findings.push(...checkCircles(sources));
  return findings.sort((a, b) => (a.path === b.path ? a.line - b.line : a.path < b.path ? -1 : 1));
}
