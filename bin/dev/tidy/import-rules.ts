/** Who may import what (ARCHITECTURE.md, "The house"), and that no files import each other in a circle. */
import { builtinModules } from 'node:module';
import { posix } from 'node:path';
import { type Finding, isTest, type SourceFile } from './finding.ts';
import type { ImportStatement } from './source-text.ts';

interface FolderRule {
  /** Prefix of the paths that the rule is for; the first rule that matches counts. */
  readonly prefix: string;
  /** Prefixes of paths that may be imported. */
  readonly paths: readonly string[];
  /** Packages and `node:` modules that may be imported; 'any' for all. */
  readonly modules: 'any' | readonly string[];
}

const pureModules = ['node:buffer', 'node:assert', 'node:assert/strict'];

const folderRules: readonly FolderRule[] = [
  { prefix: 'machines/', paths: ['machines/', 'runtime/formats/'], modules: ['xstate', ...pureModules] },
  // Imported by machines, so as pure as they are.
  { prefix: 'runtime/formats/', paths: ['runtime/formats/'], modules: [...pureModules, 'ipaddr.js', 'saxes'] },
  { prefix: 'runtime/', paths: ['runtime/'], modules: 'any' },
  { prefix: 'actors/', paths: ['actors/', 'machines/', 'runtime/'], modules: ['xstate', ...pureModules] },
  { prefix: 'simulations/', paths: ['simulations/', 'actors/', 'machines/', 'runtime/'], modules: 'any' },
  { prefix: 'bin/', paths: [''], modules: 'any' },
];

/** Pure functions of impure modules, which runtime/formats may import by name. */
const pureFunctions: Readonly<Record<string, readonly string[]>> = {
  'node:crypto': ['createHash', 'createHmac'],
  'node:net': ['isIP', 'isIPv4', 'isIPv6'],
};

const extensions = /\.(ts|cts|mts|mjs|json)$/;

export interface DeclaredPackages {
  readonly dependencies: readonly string[];
  readonly devDependencies: readonly string[];
}

export function checkImports(file: SourceFile, declared: DeclaredPackages): readonly Finding[] {
  const rule = folderRules.find(({ prefix }) => file.path.startsWith(prefix));
  if (rule === undefined) return [];
  return file.imports.flatMap((statement) => {
    const sentence = statement.specifier.startsWith('.')
      ? pathComplaint(file.path, rule, statement.specifier)
      : moduleComplaint(file.path, rule, statement, declared);
    return sentence === undefined ? [] : [{ path: file.path, line: statement.line, sentence }];
  });
}

function pathComplaint(path: string, rule: FolderRule, specifier: string): string | undefined {
  if (!extensions.test(specifier)) return `the import of ${specifier} lacks its extension (.ts)`;
  const target = posix.join(posix.dirname(path), specifier);
  if (isTest(path) && target.startsWith('runtime/test-support/')) return undefined;
  if (target.startsWith('runtime/test-support/') && rule.prefix !== 'simulations/') {
    return 'only tests and simulations may import runtime/test-support';
  }
  if (rule.paths.some((prefix) => target.startsWith(prefix))) return undefined;
  return `${rule.prefix} may not import ${target}`;
}

function moduleComplaint(
  path: string,
  rule: FolderRule,
  statement: ImportStatement,
  declared: DeclaredPackages,
): string | undefined {
  const { specifier } = statement;
  if (specifier.startsWith('/')) return 'import files of the repository by their relative path';
  if (rule.prefix === 'runtime/formats/' && importsPureFunctions(statement)) return undefined;
  if (specifier.startsWith('node:')) return isAllowed(path, rule, specifier) ? undefined : refusal(rule, specifier);
  const name = specifier.split('/', specifier.startsWith('@') ? 2 : 1).join('/');
  if (builtinModules.includes(name)) return `write node:${specifier} for the module of Node's own`;
  if (!isAllowed(path, rule, name)) return refusal(rule, specifier);
  if (declared.dependencies.includes(name)) return undefined;
  if (!declared.devDependencies.includes(name)) return `package.json doesn't list ${name}`;
  if (isTest(path) || path.startsWith('bin/dev/') || path.startsWith('simulations/')) return undefined;
  return `${name} is a development dependency in package.json, and this is no test`;
}

function isAllowed(path: string, rule: FolderRule, module: string): boolean {
  if (rule.modules === 'any' || rule.modules.includes(module)) return true;
  return isTest(path) && (module.startsWith('node:') || module === 'uvu' || module === 'fast-check');
}

function importsPureFunctions({ specifier, clause }: ImportStatement): boolean {
  const pure = pureFunctions[specifier];
  const names = /\{([^}]*)\}/
    .exec(clause)?.[1]
    ?.split(',')
    .map((name) => name.trim());
  if (pure === undefined || names === undefined) return false;
  return names.every((name) => name === '' || name.startsWith('type ') || pure.includes(name));
}

function refusal(rule: FolderRule, module: string): string {
  return `${rule.prefix} may not import ${module}`;
}

/** One finding per circle of imports, at its first file; type imports count. */
export function checkCircles(files: readonly SourceFile[]): readonly Finding[] {
  const graph = new Map(files.map((file) => [file.path, edgesOf(file)] as const));
  const done = new Set<string>();
  const findings: Finding[] = [];
  const visit = (path: string, way: readonly string[]): void => {
    const start = way.indexOf(path);
    if (start !== -1) {
      findings.push(circleFinding(way.slice(start), graph));
      return;
    }
    if (done.has(path)) return;
    for (const target of graph.get(path)?.keys() ?? []) visit(target, [...way, path]);
    done.add(path);
  };
  for (const path of graph.keys()) visit(path, []);
  return findings;
}

function edgesOf(file: SourceFile): ReadonlyMap<string, number> {
  const edges = new Map<string, number>();
  for (const { specifier, line } of file.imports) {
    if (specifier.startsWith('.')) edges.set(posix.join(posix.dirname(file.path), specifier), line);
  }
  return edges;
}

function circleFinding(circle: readonly string[], graph: ReadonlyMap<string, ReadonlyMap<string, number>>): Finding {
  const [first, second] = [circle[0]!, circle[1] ?? circle[0]!];
  return {
    path: first,
    line: graph.get(first)?.get(second) ?? 1,
    sentence: `circle of imports: ${[...circle, first].join(' → ')}`,
  };
}
