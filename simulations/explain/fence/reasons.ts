/** Why the manager chose a node, in words: the `decision` outputs of its machines (spec/ha.md §3.8). */
import type { Exclusion, SelectionReasons } from '../../../machines/ha/placement/select-node.ts';
import { list } from './told-time.ts';

/** @param chosen undefined where no node was found */
export function reasonsInWords(reasons: unknown, chosen: string | undefined): string {
  const { because, excluded = {}, preferred = [], scores } = reasons as Partial<SelectionReasons>;
  switch (because) {
    case 'no-allowed-node':
      return 'its node affinity rule allows no node that is online';
    case 'no-node-left':
      return `no node is left: ${exclusionsInWords(excluded) || 'none is online'}`;
    case 'no-failback':
      return 'failback is off, so it stays';
    case 'back-from-maintenance':
      return 'its node is back from maintenance';
    case 'stays':
      return 'its node is still among the best';
    case 'next-in-list':
    case 'best-score':
      break;
    default:
      return '';
  }
  const outOf = exclusionsInWords(excluded);
  const left = preferred.filter((node) => excluded[node] === undefined);
  if (left.length > 1) return [comparison(left, scores, chosen), outOf].filter((part) => part !== '').join('; ');
  if (outOf !== '') return `the only node left: ${outOf}`;
  return 'no other node is online and as much wanted by its rules';
}

function comparison(
  left: readonly string[],
  scores: Readonly<Record<string, number>> | undefined,
  chosen: string | undefined,
): string {
  if (scores === undefined || chosen === undefined) return `one of ${list(left)}`;
  const told = [...left]
    .sort((a, b) => (scores[a] ?? 0) - (scores[b] ?? 0) || (a < b ? -1 : 1))
    .map((node) => `${node} ${score(scores[node] ?? 0)}`);
  const isTie = left.filter((node) => scores[node] === scores[chosen]).length > 1;
  return `lowest score (${told.join(', ')})${isTie ? ', equal ones by name' : ''}`;
}

/** Numbers of services are whole; closeness is between −1 and 0. */
function score(value: number): string {
  return Number.isInteger(value) ? String(value) : value.toFixed(3);
}

function exclusionsInWords(excluded: Readonly<Record<string, Exclusion>>): string {
  return Object.entries(excluded)
    .map(([node, { from, why }]) => {
      if (why === 'failed-before') return `${node} failed to start it before`;
      if (why === 'not-together') return `not ${node}, to stay together with its partners`;
      return `not ${node}, kept separate from ${list(from ?? [])}`;
    })
    .join('; ');
}
