/** Rows of the space-time diagram: one for what surrounds the nodes, one per node, and below an open node one per actor. */
import type { Track } from '../run/layout.ts';
import type { Run } from '../run/run.ts';

export interface Lane {
  readonly key: string;
  readonly title: string;
  /** -1 for the world. */
  readonly node: number;
  /** Of an actor's row: its track. */
  readonly track: number | undefined;
  readonly top: number;
  readonly height: number;
}

export interface Lanes {
  readonly rows: readonly Lane[];
  /** By track: number of its row. */
  readonly rowOfTrack: Int32Array;
  readonly rowOfNode: ReadonlyMap<number, number>;
  readonly height: number;
}

const WORLD_px = 42;
const NODE_px = 40;
const roomyNode_px = 96;
const ACTOR_px = 22;
/** More rows than these help nobody. */
const mostActors = 60;

/** Rows for `room_px` of height; they may need more. */
export function lanesOf(run: Run, open: ReadonlySet<number>, room_px: number): Lanes {
  const { tracks, nodes } = run.head;
  const rows: Lane[] = [];
  const rowOfTrack = new Int32Array(tracks.length);
  const rowOfNode = new Map<number, number>();
  let top = 0;
  const add = (lane: Omit<Lane, 'top'>): number => {
    rows.push({ ...lane, top });
    top += lane.height;
    return rows.length - 1;
  };
  const addNode = (node: number, title: string, height: number): void => {
    const row = add({ key: `node ${node}`, title, node, track: undefined, height });
    rowOfNode.set(node, row);
    let actors = 0;
    for (const [number, track] of tracks.entries()) {
      if (track.node !== node) continue;
      rowOfTrack[number] = row;
      if (!open.has(node) || !isOwnRow(track) || actors === mostActors) continue;
      actors += 1;
      rowOfTrack[number] = add({
        key: `track ${number}`,
        title: isBesideMachine(tracks, track) ? `${track.actor}, other` : trackTitle(track),
        node,
        track: number,
        height: ACTOR_px,
      });
    }
  };
  const share_px = Math.floor((room_px - WORLD_px) / Math.max(1, nodes.length));
  const node_px = open.size > 0 ? NODE_px : Math.min(roomyNode_px, Math.max(NODE_px, share_px));
  addNode(-1, 'world', WORLD_px);
  for (const [node, name] of nodes.entries()) addNode(node, name, node_px);
  return { rows, rowOfTrack, rowOfNode, height: top };
}

/** What an actor does beside its machine of the same name. */
function isBesideMachine(tracks: readonly Track[], { node, actor, machine }: Track): boolean {
  return machine === '' && tracks.some((one) => one.node === node && one.actor === actor && one.machine === actor);
}

/** Datagrams are drawn between the nodes. */
function isOwnRow({ actor }: Track): boolean {
  return actor !== 'ring' && actor !== 'network';
}

/** `dcdb dfsm`, `membership`, `priv/lock/one`, `ha-resource vm:101`. */
export function trackTitle({ actor, machine }: Pick<Track, 'actor' | 'machine'>): string {
  if (machine === '' || machine === actor || machine === 'lock' || machine === 'lease') return actor;
  if (machine.startsWith(actor) || machine.includes(' ')) return machine;
  return `${actor} ${machine}`;
}
