/** Which records people want to see: words that name a label, a kind, an actor, a machine or a node; `-word` hides. */
import { KINDS } from '../run/layout.ts';
import type { Run } from '../run/run.ts';
import { trackTitle } from './lanes.ts';

export interface EventFilter {
  readonly isAll: boolean;
  shows(at: number): boolean;
}

export function eventFilter(run: Run, text: string): EventFilter {
  const words = text
    .toLowerCase()
    .split(/\s+/)
    .filter((word) => word !== '' && word !== '-');
  if (words.length === 0) return { isAll: true, shows: () => true };
  const terms = words.map((word) => {
    const isHiding = word.startsWith('-');
    return { isHiding, matches: matcher(run, isHiding ? word.slice(1) : word) };
  });
  const wanted = terms.filter(({ isHiding }) => !isHiding);
  const hidden = terms.filter(({ isHiding }) => isHiding);
  return {
    isAll: false,
    shows: (at) => wanted.every(({ matches }) => matches(at)) && !hidden.some(({ matches }) => matches(at)),
  };
}

function matcher(run: Run, word: string): (at: number) => boolean {
  const { tracks, nodes } = run.head;
  const has = (text: string): number => (text.toLowerCase().includes(word) ? 1 : 0);
  const labels = Uint8Array.from(run.head.labels, has);
  const kinds = Uint8Array.from(KINDS, (kind) => (kind === word ? 1 : 0));
  const ofTrack = Uint8Array.from(tracks, (track) => has(trackTitle(track)) | (nodes[track.node] === word ? 1 : 0));
  return (at) => (labels[run.labels[at]!]! | kinds[run.kinds[at]!]! | ofTrack[run.tracks[at]!]!) === 1;
}
