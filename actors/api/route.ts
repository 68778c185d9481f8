/** From a path to a method (spec/api.md §5, step 2). */
import { type MethodFacts, methodFacts, methodKeys } from './inventory/registry.ts';

interface RouteNode {
  readonly literals: Map<string, RouteNode>;
  parameter?: { readonly name: string; readonly node: RouteNode };
  /** Template of the path that ends here. */
  path?: string;
}

/** Last variables that take the whole rest of a path: volume ids and networks hold slashes. */
const SWALLOWING = new Set(['volume', 'cidr']);

export interface Route {
  readonly template: string;
  readonly variables: ReadonlyMap<string, string>;
}

let tree: RouteNode | undefined;

/** `path` is decoded and relative to the format (`/nodes/n1/tasks`); empty fragments don't count. */
export function findRoute(path: string): Route | undefined {
  const fragments = path.split('/').filter((fragment) => fragment !== '');
  const variables = new Map<string, string>();
  let node = routes();
  for (const [index, fragment] of fragments.entries()) {
    const literal = node.literals.get(fragment);
    if (literal !== undefined) {
      node = literal;
      continue;
    }
    if (node.parameter === undefined) return undefined;
    const { name, node: next } = node.parameter;
    node = next;
    if (SWALLOWING.has(name)) {
      variables.set(name, fragments.slice(index).join('/'));
      break;
    }
    variables.set(name, fragment);
  }
  return node.path === undefined ? undefined : { template: node.path, variables };
}

/** The method for a path, or the route alone where it has others. */
export function findMethod(
  verb: string,
  path: string,
): { readonly facts: MethodFacts; readonly variables: ReadonlyMap<string, string> } | undefined {
  const route = findRoute(path);
  const facts = route === undefined ? undefined : methodFacts(verb, route.template);
  return facts === undefined ? undefined : { facts, variables: route!.variables };
}

/** Names of the literal children and whether there is a variable one; undefined for no such path. */
export function childrenOf(
  path: string,
): { readonly literals: readonly string[]; readonly hasVariable: boolean } | undefined {
  const fragments = path.split('/').filter((fragment) => fragment !== '');
  let node: RouteNode | undefined = routes();
  for (const fragment of fragments) node = node?.literals.get(fragment) ?? node?.parameter?.node;
  return node && { literals: [...node.literals.keys()], hasVariable: node.parameter !== undefined };
}

function routes(): RouteNode {
  if (tree !== undefined) return tree;
  tree = { literals: new Map() };
  for (const key of methodKeys()) {
    const path = key.slice(key.indexOf(' ') + 1);
    let node: RouteNode = tree;
    for (const fragment of path.split('/').filter((one) => one !== '')) node = childFor(node, fragment);
    node.path = path;
  }
  return tree;
}

function childFor(node: RouteNode, fragment: string): RouteNode {
  const name = /^\{(.+)\}$/.exec(fragment)?.[1];
  if (name !== undefined) {
    node.parameter ??= { name, node: { literals: new Map() } };
    return node.parameter.node;
  }
  const known = node.literals.get(fragment);
  if (known !== undefined) return known;
  const made: RouteNode = { literals: new Map() };
  node.literals.set(fragment, made);
  return made;
}
