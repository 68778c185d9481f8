/** What decisions may not touch: clocks, chance, timers, the process, the locale; and promises in machines. */
import { type Finding, isTest, type SourceFile } from './finding.ts';
import { lineAt } from './source-text.ts';

interface PurityRule {
  readonly pattern: RegExp;
  readonly sentence: string;
  /** `call`: only where the match is a call, not the declaration of a method of that name. */
  readonly only?: 'call';
  readonly folders: readonly string[];
}

/** runtime/formats is imported by machines. */
const pureFolders = ['machines/', 'runtime/formats/'];
const deciding = [...pureFolders, 'actors/'];

const purityRules: readonly PurityRule[] = [
  {
    pattern: /\bDate\s*\.\s*now\b/g,
    sentence: 'Date.now: take time from the Clock port or an event',
    folders: deciding,
  },
  {
    pattern: /\bnew\s+Date\b(?:\s*\(\s*\)|(?!\s*\())/g,
    sentence: 'new Date() without an argument reads the wall clock: take time from the Clock port or an event',
    folders: deciding,
  },
  { pattern: /\bMath\s*\.\s*random\b/g, sentence: 'Math.random: draw from the Random port', folders: deciding },
  {
    pattern: /(?<![\w$.#])(?:setTimeout|setInterval|setImmediate|queueMicrotask)\s*\(/g,
    sentence: "a timer of Node's: arm it at the Clock port",
    only: 'call',
    folders: deciding,
  },
  { pattern: /(?<![\w$.#])(?:globalThis|global)\s*[.[]/g, sentence: 'the global object', folders: deciding },
  {
    pattern: /(?<![\w$.#])process\s*[.[]/g,
    sentence: 'process: ask a port, or take it as an argument',
    folders: deciding,
  },
  {
    pattern: /(?<![\w$.#])performance\s*\./g,
    sentence: 'performance: take time from the Clock port',
    folders: deciding,
  },
  {
    pattern: /\.\s*(?:localeCompare|toLocale\w*)\b/g,
    sentence: 'the result depends on the locale: compare or format by code units',
    folders: deciding,
  },
  {
    pattern: /\breaddirSync\s*\((?![^;]*\.\s*(?:sort|toSorted)\s*\()/g,
    sentence: 'readdirSync gives no order: sort its result',
    folders: deciding,
  },
  {
    pattern: /(?<![\w$.#])(?:async|await)\b(?!\s*[:?,;)=](?!>))|(?<![\w$.#])Promise\b/g,
    sentence: 'a machine never awaits: ask for an effect by an action, and take its result as an event',
    folders: pureFolders,
  },
];

/** Tests are free: they stand outside of what they test. */
export function checkPurity(file: SourceFile): readonly Finding[] {
  if (isTest(file.path)) return [];
  const findings: Finding[] = [];
  for (const rule of purityRules) {
    if (!rule.folders.some((folder) => file.path.startsWith(folder))) continue;
    for (const match of file.code.matchAll(rule.pattern)) {
      if (rule.only === 'call' && isDeclaration(file.code, match.index + match[0].length)) continue;
      findings.push({ path: file.path, line: lineAt(file.code, match.index), sentence: rule.sentence });
    }
  }
  return findings;
}

/** `name(…) {` and `name(…): type` declare; anything else calls. `at` is behind the opening parenthesis. */
function isDeclaration(code: string, at: number): boolean {
  let depth = 1;
  let i = at;
  for (; i < code.length && depth > 0; i++) {
    if (code[i] === '(') depth++;
    if (code[i] === ')') depth--;
  }
  return /^\s*[{:]/.test(code.slice(i, i + 40));
}
