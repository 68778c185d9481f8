/** Sets of node ids as ascending arrays without duplicates: serialisable, comparable, the same everywhere. */
export type NodeSet = readonly number[];

export function nodeSet(nodes: Iterable<number>): number[] {
  return [...new Set(nodes)].sort((a, b) => a - b);
}

export function union(a: NodeSet, b: NodeSet): number[] {
  return nodeSet([...a, ...b]);
}

export function without(a: NodeSet, b: NodeSet): number[] {
  return a.filter((node) => !b.includes(node));
}

export function intersection(a: NodeSet, b: NodeSet): number[] {
  return a.filter((node) => b.includes(node));
}

export function isSubset(a: NodeSet, b: NodeSet): boolean {
  return a.every((node) => b.includes(node));
}

export function equalSets(a: NodeSet, b: NodeSet): boolean {
  return a.length === b.length && a.every((node, i) => node === b[i]);
}
