/** Names, sizes, exports and test files. */
import { type Finding, isTest, type SourceFile } from './finding.ts';
import { lineAt } from './source-text.ts';

const longFile_lines = 500;
/** One leading underscore marks a variable part of an API path (`nodes/_node/`). */
const folderName = /^_?[a-z0-9]+(?:-[a-z0-9]+)*$/;
const fileName = /^_?[a-z0-9]+(?:-[a-z0-9]+)*(?:\.(?:test|schema|d))?\.[cm]?ts$/;
const drawers = new Set(['util', 'utils', 'helper', 'helpers', 'common', 'misc', 'types', 'lib', 'shared']);

/** Files that may have a default export, each with the reason. */
const defaultExports: Readonly<Record<string, string>> = {};

export function checkForm(file: SourceFile): readonly Finding[] {
  return [...checkNames(file.path), ...checkLength(file), ...checkDefaultExport(file), ...checkTestFile(file)];
}

function checkNames(path: string): readonly Finding[] {
  const parts = path.split('/');
  const name = parts.pop()!;
  const findings: Finding[] = [];
  const add = (sentence: string) => findings.push({ path, line: 1, sentence });
  for (const folder of parts) if (!folderName.test(folder)) add(`the folder name ${folder} is not kebab-case`);
  if (!fileName.test(name)) add(`the file name ${name} is not kebab-case`);
  for (const part of [...parts, name.replace(/\..*$/, '')]) {
    if (drawers.has(part)) add(`"${part}" is a drawer, not a concept: name it after what it holds`);
  }
  return findings;
}

function checkLength(file: SourceFile): readonly Finding[] {
  const lines = file.text.split('\n').length - 1;
  if (isTest(file.path) || lines <= longFile_lines) return [];
  return [{ path: file.path, line: 1, sentence: `${lines} lines are more than one sitting: split it`, warning: true }];
}

function checkDefaultExport(file: SourceFile): readonly Finding[] {
  if (file.path in defaultExports || file.path.endsWith('.d.ts')) return [];
  return [...file.code.matchAll(/\bexport\s+default\b|\bexport\s*\{[^}]*\bas\s+default\b/g)].map((match) => ({
    path: file.path,
    line: lineAt(file.code, match.index),
    sentence: 'a default export: give it a name',
  }));
}

/** uvu runs nothing of a suite without `.run()`, nothing that is registered after it, and says nothing. */
function checkTestFile(file: SourceFile): readonly Finding[] {
  if (!file.path.endsWith('.test.ts')) return [];
  const suites = [...file.code.matchAll(/\b(?:const|let)\s+([\w$]+)\s*=\s*suite\s*[(<]/g)].map((match) => match[1]!);
  if (suites.length === 0 || /(?<![\w$.])test\s*\(/.test(file.code)) suites.push('test');
  return suites.flatMap((suite) => checkSuite(file, suite));
}

function checkSuite(file: SourceFile, suite: string): readonly Finding[] {
  const name = suite.replace(/\$/g, '\\$&');
  const at = (position: number, sentence: string) => ({
    path: file.path,
    line: lineAt(file.code, position),
    sentence,
  });
  const run = [...file.code.matchAll(new RegExp(`(?<![\\w$.])${name}\\s*\\.\\s*run\\s*\\(`, 'g'))].at(-1);
  if (run === undefined) return [at(0, `${suite}.run() is missing: its tests never run`)];
  const late = [...file.code.matchAll(new RegExp(`(?<![\\w$.])${name}\\s*\\(`, 'g'))].find(
    ({ index }) => index > run.index,
  );
  const only = new RegExp(`(?<![\\w$.])${name}\\s*\\.\\s*only\\s*\\(`).exec(file.code);
  return [
    ...(late === undefined ? [] : [at(late.index, `a test after ${suite}.run() never runs`)]),
    ...(only === null ? [] : [at(only.index, `${suite}.only leaves out the other tests`)]),
  ];
}
