/**
 * Places a machine's states and transitions, by elkjs and from nothing but the description: the same description gives the same
 * drawing on every host. Texts are set in a fixed-width font, so that their size is known without one.
 *
 * Transitions between the same two states share one line; those that stay in their state are listed inside of it; those of the
 * machine as a whole start at a state of their own, `any state`.
 */
import type { ElkExtendedEdge, ElkNode, ELK as ElkType } from 'elkjs/lib/elk-api.js';
import {
  type MachineDescription,
  type StateDescription,
  type TransitionDescription,
  transitionLabel,
} from './machine-description.ts';

export interface Box {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

export interface PlacedState extends Box {
  readonly name: string;
  readonly title: string;
  readonly type: StateDescription['type'] | 'initial' | 'any';
  /** What the state does without leaving it. */
  readonly lines: readonly string[];
}

export interface PlacedTransition {
  /** Positions in the description's list. */
  readonly members: readonly number[];
  readonly source: string;
  readonly target: string;
  readonly points: readonly (readonly [number, number])[];
  readonly label: (Box & { readonly lines: readonly string[] }) | undefined;
}

export interface PlacedChart {
  readonly name: string;
  readonly width: number;
  readonly height: number;
  readonly states: readonly PlacedState[];
  readonly transitions: readonly PlacedTransition[];
}

/** Of the drawing, pixels; a character of the fixed-width font is 0.6 of its size wide. */
export const TITLE_px = 13;
export const LINE_px = 10.5;
export const LINE_HEIGHT_px = 14;
export const PADDING_px = 9;
const CHARACTER_RATIO = 0.602;
const longestLine_characters = 34;
/** A screen is wider than it is high. */
const wantedRatio = 1.5;
const DOT_px = 12;
export const ANY = '*any*';
const INITIAL = '*initial*';

const LAYOUT = {
  'elk.algorithm': 'layered',
  'elk.hierarchyHandling': 'INCLUDE_CHILDREN',
  'elk.edgeRouting': 'ORTHOGONAL',
  'elk.spacing.nodeNode': '28',
  'elk.spacing.edgeNode': '16',
  'elk.spacing.edgeEdge': '12',
  'elk.spacing.edgeLabel': '3',
  'elk.layered.spacing.nodeNodeBetweenLayers': '34',
  'elk.layered.spacing.edgeNodeBetweenLayers': '16',
  'elk.layered.spacing.edgeEdgeBetweenLayers': '12',
  'elk.layered.nodePlacement.strategy': 'BRANDES_KOEPF',
  'elk.layered.cycleBreaking.strategy': 'DEPTH_FIRST',
  'elk.layered.considerModelOrder.strategy': 'NODES_AND_EDGES',
  'elk.randomSeed': '1',
};

/** Lays the machine out downwards and to the right, and takes what fits a screen better. */
export async function placeChart(elk: Pick<ElkType, 'layout'>, machine: MachineDescription): Promise<PlacedChart> {
  const placed: PlacedChart[] = [];
  for (const direction of ['DOWN', 'RIGHT']) {
    const graph = graphOf(machine);
    const laidOut = await elk.layout({ ...graph.root, layoutOptions: { ...LAYOUT, 'elk.direction': direction } });
    placed.push(chartOf(machine, laidOut, graph));
  }
  return placed.reduce((best, chart) => (screenArea(chart) < screenArea(best) ? chart : best));
}

/** Of the least screen that shows it all. */
function screenArea({ width, height }: PlacedChart): number {
  return Math.max(width, height * wantedRatio);
}

interface Graph {
  readonly root: ElkNode;
  readonly groups: readonly {
    readonly id: string;
    readonly source: string;
    readonly target: string;
    readonly members: readonly number[];
  }[];
  readonly lines: ReadonlyMap<string, readonly string[]>;
}

function graphOf(machine: MachineDescription): Graph {
  const lines = new Map(machine.states.map(({ name }) => [name, insideLines(machine, name)]));
  const groups = groupsOf(machine);
  const hasAny = groups.some(({ source }) => source === ANY) || lines.get('root')!.length > 0;
  lines.set(ANY, lines.get('root')!);
  const childrenOf = (parent: string): ElkNode[] =>
    machine.states
      .filter((state) => state.parent === parent)
      .flatMap((state) => [
        ...(state.isInitial ? [dot(parent)] : []),
        nodeOf(state, lines.get(state.name)!, childrenOf(state.name)),
      ]);
  const any: ElkNode[] = hasAny ? [{ id: ANY, ...sizeOf('any state', lines.get(ANY)!) }] : [];
  const beginnings: ElkExtendedEdge[] = machine.states
    .filter(({ isInitial, parent }) => isInitial && parent !== undefined)
    .map(({ name, parent }) => ({ id: `begin ${name}`, sources: [`${INITIAL}${parent}`], targets: [name] }));
  const edges = groups.map(({ id, source, target, members }) => ({
    id,
    sources: [source],
    targets: [target],
    labels: [labelOf(members.map((at) => transitionLabel(machine.transitions[at]!)))],
  }));
  return {
    root: { id: 'root', children: [...any, ...childrenOf('root')], edges: [...beginnings, ...edges] },
    groups,
    lines,
  };
}

/** Transitions that share a line. */
function groupsOf(machine: MachineDescription): Graph['groups'] {
  const groups = new Map<string, { id: string; source: string; target: string; members: number[] }>();
  for (const [at, { source, targets }] of machine.transitions.entries()) {
    for (const target of targets) {
      const from = source === 'root' ? ANY : source;
      const id = `${from} → ${target}`;
      const group = groups.get(id) ?? { id, source: from, target, members: [] };
      group.members.push(at);
      groups.set(id, group);
    }
  }
  return [...groups.values()];
}

function dot(parent: string): ElkNode {
  return { id: `${INITIAL}${parent}`, width: DOT_px, height: DOT_px };
}

function nodeOf({ name }: StateDescription, lines: readonly string[], children: ElkNode[]): ElkNode {
  const size = sizeOf(titleOf(name), lines);
  if (children.length === 0) return { id: name, ...size };
  const padding = `[top=${size.height + 6},left=14,bottom=14,right=14]`;
  return {
    id: name,
    children,
    layoutOptions: { 'elk.padding': padding, 'elk.nodeSize.minimum': `(${size.width},${size.height})` },
  };
}

function titleOf(name: string): string {
  return name.slice(name.lastIndexOf('.') + 1);
}

function sizeOf(title: string, lines: readonly string[]): { readonly width: number; readonly height: number } {
  const widths = [title.length * TITLE_px * 1.04, ...lines.map((line) => line.length * LINE_px)];
  return {
    width: Math.ceil(Math.max(...widths) * CHARACTER_RATIO + 2 * PADDING_px),
    height: Math.ceil(TITLE_px + 2 * PADDING_px + (lines.length === 0 ? 0 : 6 + lines.length * LINE_HEIGHT_px)),
  };
}

function labelOf(lines: readonly string[]): { text: string; width: number; height: number } {
  const longest = Math.max(...lines.map(({ length }) => length));
  return {
    text: lines.join('\n'),
    width: Math.ceil(longest * LINE_px * CHARACTER_RATIO + 6),
    height: lines.length * LINE_HEIGHT_px + 2,
  };
}

/** What a state does without leaving it: events by what they do, and those that it ignores. */
function insideLines({ transitions }: MachineDescription, name: string): readonly string[] {
  const byDeed = new Map<string, string[]>();
  for (const transition of transitions) {
    if (transition.source !== name || transition.targets.length > 0) continue;
    const deed = deedOf(transition);
    byDeed.set(deed, [...(byDeed.get(deed) ?? []), transitionLabel(transition)]);
  }
  return [...byDeed].flatMap(([deed, events]) => wrapped(`${events.join(', ')} / ${deed}`));
}

function deedOf({ actions }: TransitionDescription): string {
  return actions.length === 0 ? 'ignored' : actions.join(', ');
}

function wrapped(text: string): readonly string[] {
  const lines: string[] = [];
  for (const word of text.split(' ')) {
    const last = lines.at(-1);
    if (last !== undefined && last.length + word.length < longestLine_characters)
      lines[lines.length - 1] = `${last} ${word}`;
    else lines.push(lines.length === 0 ? word : `  ${word}`);
  }
  return lines;
}

function chartOf(machine: MachineDescription, root: ElkNode, { groups, lines }: Graph): PlacedChart {
  const types = new Map(machine.states.map(({ name, type }) => [name, type]));
  const states: PlacedState[] = [];
  const origins = new Map<string, { readonly x: number; readonly y: number }>([['root', { x: 0, y: 0 }]]);
  const visit = (node: ElkNode, left: number, top: number): void => {
    for (const child of node.children ?? []) {
      const { id, width = 0, height = 0 } = child;
      const [x, y] = [left + (child.x ?? 0), top + (child.y ?? 0)];
      origins.set(id, { x, y });
      const type = id === ANY ? 'any' : id.startsWith(INITIAL) ? 'initial' : types.get(id)!;
      const title = id === ANY ? 'any state' : titleOf(id);
      states.push({
        name: id,
        title,
        type,
        x: round(x),
        y: round(y),
        width: round(width),
        height: round(height),
        lines: lines.get(id) ?? [],
      });
      visit(child, x, y);
    }
  };
  visit(root, 0, 0);
  const members = new Map(groups.map((group) => [group.id, group]));
  const transitions = (root.edges ?? []).map((edge): PlacedTransition => {
    const group = members.get(edge.id);
    // Coordinates of an edge begin at the node that contains both of its ends.
    const origin = origins.get((edge as { readonly container?: string }).container ?? 'root')!;
    const label = edge.labels?.[0];
    return {
      members: group?.members ?? [],
      source: edge.sources[0]!,
      target: edge.targets[0]!,
      points: (edge.sections ?? []).flatMap(({ startPoint, bendPoints = [], endPoint }) =>
        [startPoint, ...bendPoints, endPoint].map(({ x, y }) => [round(x + origin.x), round(y + origin.y)] as const),
      ),
      label: label && {
        x: round((label.x ?? 0) + origin.x),
        y: round((label.y ?? 0) + origin.y),
        width: label.width ?? 0,
        height: label.height ?? 0,
        lines: (label.text ?? '').split('\n'),
      },
    };
  });
  return {
    name: machine.name,
    width: Math.ceil(root.width ?? 0),
    height: Math.ceil(root.height ?? 0),
    states,
    transitions,
  };
}

function round(length: number): number {
  return Math.round(length * 10) / 10;
}
