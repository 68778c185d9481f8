/** `pvesh ls` and `pvesh usage` (spec/cli.md §3). */
import type { Verb } from '../api/inventory/registry.ts';
import { type MethodFacts, methodFacts } from '../api/inventory/registry.ts';
import { childrenOf, findRoute } from '../api/route.ts';

/** `D` has children, then r, w, c, d for GET, PUT, POST, DELETE; `-` for what it hasn't. */
export function capabilitiesOf(path: string): string {
  const template = findRoute(path)?.template;
  const has = (verb: Verb) => template !== undefined && methodFacts(verb, template) !== undefined;
  const children = childrenOf(path);
  const hasChildren = children !== undefined && (children.literals.length > 0 || children.hasVariable);
  const isIndex = template !== undefined && methodFacts('GET', template)?.returns.childKey !== undefined;
  return [
    hasChildren && isIndex ? 'D' : '-',
    has('GET') ? 'r' : '-',
    has('PUT') ? 'w' : '-',
    has('POST') ? 'c' : '-',
    has('DELETE') ? 'd' : '-',
  ].join('');
}

/** A line per child, in the order of the answer. */
export function listing(path: string, names: readonly string[]): string {
  const base = path === '/' ? '' : path;
  return names.map((name) => `${capabilitiesOf(`${base}/${name}`)}        ${name}\n`).join('');
}

const COMMANDS: readonly (readonly [command: string, verb: Verb])[] = [
  ['get', 'GET'],
  ['set', 'PUT'],
  ['create', 'POST'],
  ['delete', 'DELETE'],
];

export function usageOf(
  path: string,
  wanted: string | undefined,
  detail: { readonly isVerbose: boolean; readonly returns: boolean },
): string | undefined {
  const template = findRoute(path)?.template;
  if (template === undefined) return undefined;
  const parts = COMMANDS.filter(([command]) => wanted === undefined || command === wanted).flatMap(
    ([command, verb]) => {
      const facts = methodFacts(verb, template);
      return facts === undefined ? [] : [usage(command, path, facts, detail)];
    },
  );
  return parts.join('\n');
}

function usage(
  command: string,
  path: string,
  facts: MethodFacts,
  { isVerbose, returns }: { readonly isVerbose: boolean; readonly returns: boolean },
): string {
  const given = facts.parameters.filter((parameter) => parameter.in !== 'path');
  const required = given.filter(({ optional }) => !optional).map(({ name, type }) => ` --${name} <${type}>`);
  const lines = [`USAGE: pvesh ${command} ${path}${required.join('')} [OPTIONS]`];
  if (isVerbose) {
    for (const { name, type, format, optional } of given) {
      const kind = typeof format === 'string' ? `${type} (${format})` : type;
      lines.push('', `       -${name}  <${kind}>${optional ? '' : ' (required)'}`);
    }
  }
  if (returns) lines.push('', 'RETURN', JSON.stringify(facts.returns));
  return `${lines.join('\n')}\n`;
}
