/** Draws the space-time diagram: lanes, states, messages, faults. Knows a canvas by what it needs of it. */
import { KINDS } from '../run/layout.ts';
import { countUpTo, type Run } from '../run/run.ts';
import type { EventFilter } from './event-filter.ts';
import { ticks, tickText } from './instant.ts';
import type { Lane, Lanes } from './lanes.ts';

/** As much of CanvasRenderingContext2D as this uses. */
export interface Pen {
  fillStyle: unknown;
  strokeStyle: unknown;
  lineWidth: number;
  globalAlpha: number;
  font: string;
  fillRect(x: number, y: number, width: number, height: number): void;
  strokeRect(x: number, y: number, width: number, height: number): void;
  beginPath(): void;
  moveTo(x: number, y: number): void;
  lineTo(x: number, y: number): void;
  arc(x: number, y: number, radius: number, from: number, to: number): void;
  closePath(): void;
  fill(): void;
  stroke(): void;
  fillText(text: string, x: number, y: number): void;
  setLineDash(dashes: number[]): void;
}

export interface Palette {
  readonly paper: string;
  readonly ink: string;
  readonly soft: string;
  readonly line: string;
  readonly message: string;
  readonly good: string;
  readonly bad: string;
  readonly warn: string;
  readonly accent: string;
  readonly violation: string;
  /** Fill of states, one after the other. */
  readonly states: readonly string[];
}

export type Axis = 'time' | 'event';

/** What is seen: milliseconds, or positions. */
export interface Window {
  readonly from: number;
  readonly to: number;
  readonly axis: Axis;
}

export interface Picture {
  readonly run: Run;
  readonly lanes: Lanes;
  readonly window: Window;
  readonly filter: EventFilter;
  readonly palette: Palette;
  readonly width: number;
  /** Positions, ascending; undefined where all are alike. */
  readonly cone: Uint32Array | undefined;
  /** Position that the cone is of; of no meaning without one. */
  readonly selected: number;
}

export const AXIS_px = 22;
const FONT = '11px system-ui, sans-serif';
const CHARACTER_px = 6.3;
/** More events than these are drawn by their density. */
const mostEvents = 7000;
const KIND = Object.fromEntries(KINDS.map((kind, at) => [kind, at])) as Record<(typeof KINDS)[number], number>;

export function axisValue(run: Run, axis: Axis, at: number): number {
  return axis === 'event' ? at : run.times[at]!;
}

export function xOf({ run, window, width }: Picture, at: number): number {
  return ((axisValue(run, window.axis, at) - window.from) / (window.to - window.from)) * width;
}

/** First position in the window, and the first after it. */
export function positionsIn(run: Run, { from, to, axis }: Window): readonly [number, number] {
  if (axis === 'event') return [Math.max(0, Math.ceil(from)), Math.min(run.count, Math.floor(to) + 1)];
  return [run.positionAt(from), Math.min(run.count, run.positionAt(to + 1e-6))];
}

export function draw(pen: Pen, picture: Picture): void {
  const { lanes, palette, width } = picture;
  pen.font = FONT;
  pen.globalAlpha = 1;
  pen.fillStyle = palette.paper;
  pen.fillRect(0, 0, width, lanes.height + AXIS_px);
  for (const lane of lanes.rows) drawLane(pen, picture, lane);
  drawBands(pen, picture);
  const [first, end] = positionsIn(picture.run, picture.window);
  if (picture.cone !== undefined) drawCone(pen, picture, picture.cone, first, end);
  else if (end - first <= mostEvents || !picture.filter.isAll) drawEvents(pen, picture, first, end);
  else drawDensity(pen, picture, first, end);
  drawMarks(pen, picture, first, end);
  drawAxis(pen, picture);
}

function middle({ top, height }: Lane): number {
  return AXIS_px + top + height / 2;
}

/** Datagrams leave from below the state bar of a node. */
export function laneY({ run, lanes }: Pick<Picture, 'run' | 'lanes'>, at: number): number {
  return middle(lanes.rows[lanes.rowOfTrack[run.tracks[at]!]!]!);
}

function drawLane(pen: Pen, picture: Picture, lane: Lane): void {
  const { palette, width, run } = picture;
  pen.fillStyle = palette.line;
  pen.globalAlpha = 0.6;
  pen.fillRect(0, AXIS_px + lane.top + lane.height - 1, width, 1);
  pen.globalAlpha = 1;
  if (lane.track !== undefined) drawStates(pen, picture, lane, run.changes(lane.track));
  else if (lane.node >= 0) drawNodeBar(pen, picture, lane);
}

/** The bar of a node tells whether it is on, and whether it has quorum. */
function drawNodeBar(pen: Pen, picture: Picture, lane: Lane): void {
  const { run, palette, width } = picture;
  const series = (key: string) => run.head.facts.find((one) => one.node === lane.node && one.key === key);
  const [power, quorum] = [series('power'), series('quorum')];
  const ends = [...(power?.at ?? []), ...(quorum?.at ?? [])].sort((a, b) => a - b);
  const y = AXIS_px + lane.top + 1;
  for (const [number, at] of ends.entries()) {
    const next = ends[number + 1];
    const left = Math.max(0, xOf(picture, at));
    const right = next === undefined ? width : Math.min(width, xOf(picture, next));
    if (right <= left && number < ends.length - 1) continue;
    if (right < 0 || left > width) continue;
    const valueAt = (one: typeof power): string | undefined => one?.values[countUpTo(one.at, at) - 1];
    const isOn = (valueAt(power) ?? 'on') === 'on';
    const quorate = valueAt(quorum);
    pen.fillStyle = !isOn ? palette.bad : quorate === 'no' ? palette.warn : palette.good;
    pen.fillRect(left, y, right - left, isOn ? 3 : 5);
  }
  pen.fillStyle = palette.line;
  pen.fillRect(0, middle(lane), width, 1);
}

function drawStates(pen: Pen, picture: Picture, lane: Lane, changes: readonly number[]): void {
  const { run, palette, width, window } = picture;
  const [first, end] = positionsIn(run, window);
  const from = Math.max(0, countUpTo(changes, first) - 1);
  let last = -1;
  for (let number = from; number < changes.length; number += 1) {
    const at = changes[number]!;
    if (at > end) break;
    const left = Math.max(0, xOf(picture, at));
    const next = changes[number + 1];
    const right = next === undefined ? width : Math.min(width, xOf(picture, next));
    // What is narrower than a pixel would be painted over by the next.
    if (right - last < 0.5) continue;
    last = right;
    const state = run.after[at]!;
    pen.fillStyle = palette.states[state % palette.states.length]!;
    pen.fillRect(left, AXIS_px + lane.top + 2, Math.max(0.5, right - left), lane.height - 5);
    const text = run.head.states[state] ?? '';
    if (right - left > text.length * CHARACTER_px + 11) {
      pen.fillStyle = palette.ink;
      pen.fillText(text, left + 7, middle(lane) + 3);
    }
  }
}

function drawBands(pen: Pen, picture: Picture): void {
  const { run, lanes, palette, width, window } = picture;
  if (window.axis === 'event') return;
  const world = lanes.rows[0]!;
  let textEnd = Number.NEGATIVE_INFINITY;
  for (const { from_ms, to_ms, text, nodes } of run.head.bands) {
    const scale = width / (window.to - window.from);
    const left = Math.max(0, (from_ms - window.from) * scale);
    const right = Math.min(width, Math.max((to_ms - window.from) * scale, left + 1));
    if (right < 0 || left > width || to_ms < window.from) continue;
    pen.fillStyle = palette.bad;
    pen.globalAlpha = 0.07;
    for (const lane of lanes.rows) {
      if (lane.node >= 0 && (nodes.length === 0 || nodes.includes(lane.node))) {
        pen.fillRect(left, AXIS_px + lane.top, right - left, lane.height);
      }
    }
    pen.globalAlpha = 0.3;
    pen.fillRect(left, AXIS_px + world.top + 2, right - left, world.height / 2 - 2);
    pen.globalAlpha = 1;
    const needed_px = text.length * CHARACTER_px;
    if (left > textEnd && left + needed_px < width && (right - left > 12 || run.head.bands.length < 12)) {
      pen.fillStyle = palette.ink;
      pen.fillText(text, left + 3, AXIS_px + world.top + 12);
      textEnd = left + needed_px + 8;
    }
  }
}

function drawEvents(pen: Pen, picture: Picture, first: number, end: number): void {
  const { run, filter } = picture;
  const shown: number[] = [];
  for (let at = first; at < end && shown.length < 4 * mostEvents; at += 1) if (filter.shows(at)) shown.push(at);
  const isRoomy = shown.length < 1500;
  for (const at of shown) drawMessage(pen, picture, at, isRoomy ? 0.75 : 0.3);
  // Those that are under way at the left edge have left before it.
  for (let at = end; at < Math.min(run.count, end + 400); at += 1) {
    if (filter.shows(at) && run.cause(at) < end) drawMessage(pen, picture, at, isRoomy ? 0.75 : 0.3);
  }
  const labelEnds = new Float64Array(picture.lanes.rows.length).fill(Number.NEGATIVE_INFINITY);
  for (const at of shown) drawEvent(pen, picture, at, labelEnds);
}

function drawMessage(pen: Pen, picture: Picture, at: number, alpha: number): void {
  const { run, lanes, palette } = picture;
  const kind = run.kinds[at];
  if (kind !== KIND.receive && kind !== KIND.drop) return;
  const send = run.cause(at);
  const peer = run.peers[at]! - 1;
  const isLost = kind === KIND.drop;
  const sender = isLost ? run.node(at) : peer;
  const receiver = isLost ? peer : run.node(at);
  const from = lanes.rowOfNode.get(sender);
  const to = lanes.rowOfNode.get(receiver);
  if (from === undefined || to === undefined || from === to || send < 0) return;
  const [x1, y1, x2] = [xOf(picture, send), middle(lanes.rows[from]!), xOf(picture, at)];
  const y2 = middle(lanes.rows[to]!);
  pen.globalAlpha = alpha;
  pen.lineWidth = 1;
  pen.strokeStyle = isLost ? palette.bad : palette.message;
  pen.beginPath();
  pen.moveTo(x1, y1);
  if (isLost) {
    const [x, y] = [(x1 + x2) / 2, y1 + (y2 - y1) * 0.45];
    pen.lineTo(x, y);
    pen.moveTo(x - 3, y - 3);
    pen.lineTo(x + 3, y + 3);
    pen.moveTo(x + 3, y - 3);
    pen.lineTo(x - 3, y + 3);
  } else {
    pen.lineTo(x2, y2);
    const length = Math.hypot(x2 - x1, y2 - y1) || 1;
    const [along, across] = [(x2 - x1) / length, (y2 - y1) / length];
    pen.moveTo(x2 - 6 * along - 3 * across, y2 - 6 * across + 3 * along);
    pen.lineTo(x2, y2);
    pen.lineTo(x2 - 6 * along + 3 * across, y2 - 6 * across - 3 * along);
  }
  pen.stroke();
  pen.globalAlpha = 1;
}

function drawEvent(pen: Pen, picture: Picture, at: number, labelEnds: Float64Array): void {
  const { run, lanes, palette, width } = picture;
  const kind = run.kinds[at]!;
  if (kind === KIND.violation || kind === KIND.fault) return;
  const row = lanes.rowOfTrack[run.tracks[at]!]!;
  const [x, y] = [xOf(picture, at), laneY(picture, at)];
  const isChange = kind === KIND.machine && run.before[at] !== run.after[at];
  pen.fillStyle = isChange ? palette.accent : kind === KIND.drop ? palette.bad : palette.soft;
  pen.beginPath();
  pen.arc(x, y, isChange ? 3.5 : 1.8, 0, 2 * Math.PI);
  pen.fill();
  const text = run.label(at);
  // A change has the first right to the room before it ends.
  const isNamed = isChange && run.before[at] !== 0 && lanes.rows[row]!.track === undefined;
  if (x > labelEnds[row]! && isNamed && x + text.length * CHARACTER_px < width) {
    pen.fillStyle = palette.ink;
    pen.fillText(text, x + 4, y - 5);
    labelEnds[row] = x + text.length * CHARACTER_px + 14;
  }
}

/** So many events that only their number can be seen. */
function drawDensity(pen: Pen, picture: Picture, first: number, end: number): void {
  const { run, lanes, window, width, palette } = picture;
  const columns = Math.ceil(width / 2);
  const rows = lanes.rows.length;
  const counts = new Uint32Array(rows * columns);
  const scale = columns / (window.to - window.from);
  const isByEvent = window.axis === 'event';
  for (let at = first; at < end; at += 1) {
    const column = Math.floor(((isByEvent ? at : run.times[at]!) - window.from) * scale);
    if (column >= 0 && column < columns) counts[lanes.rowOfTrack[run.tracks[at]!]! * columns + column]! += 1;
  }
  const most = counts.reduce((max, count) => Math.max(max, count), 1);
  pen.fillStyle = palette.message;
  for (const [row, lane] of lanes.rows.entries()) {
    for (let column = 0; column < columns; column += 1) {
      const count = counts[row * columns + column]!;
      if (count === 0) continue;
      const height = Math.max(2, (Math.log1p(count) / Math.log1p(most)) * (lane.height - 14));
      pen.globalAlpha = 0.65;
      pen.fillRect(column * 2, middle(lane) - height / 2 + 2, 1.5, height);
    }
  }
  pen.globalAlpha = 1;
}

function drawCone(pen: Pen, picture: Picture, cone: Uint32Array, first: number, end: number): void {
  const { run, palette } = picture;
  const labelEnds = new Float64Array(picture.lanes.rows.length).fill(Number.NEGATIVE_INFINITY);
  pen.lineWidth = 1.4;
  for (const at of cone) {
    const cause = run.cause(at);
    if (cause < 0 || (at < first && cause < first) || (at > end && cause > end)) continue;
    pen.strokeStyle = at <= picture.selected ? palette.accent : palette.message;
    pen.beginPath();
    pen.moveTo(xOf(picture, cause), laneY(picture, cause));
    pen.lineTo(xOf(picture, at), laneY(picture, at));
    pen.stroke();
  }
  for (const at of cone) if (at >= first && at < end) drawEvent(pen, picture, at, labelEnds);
}

/** Faults and violations are seen at any zoom; their names where there is room before the next. */
function drawMarks(pen: Pen, picture: Picture, first: number, end: number): void {
  const { run, lanes, palette, width } = picture;
  const world = lanes.rows[0]!;
  const y = AXIS_px + world.top + world.height - 11;
  const seen = marksOf(run).filter((at) => at >= first && at < end);
  for (const [number, at] of seen.entries()) {
    const previous = seen[number - 1];
    const isFirstHere = previous === undefined || xOf(picture, at) - xOf(picture, previous) > 2;
    const isViolation = run.kinds[at] !== KIND.fault;
    const x = xOf(picture, at);
    drawMark(pen, x, y, isViolation, isViolation ? palette.violation : palette.bad);
    if (isViolation) {
      pen.globalAlpha = 0.7;
      pen.fillRect(x - 0.5, AXIS_px, 1, lanes.height);
      pen.globalAlpha = 1;
    }
    if (!isFirstHere) continue;
    const nextAt = seen.findIndex((one, position) => position > number && xOf(picture, one) - x > 2);
    const next = seen[nextAt];
    const others = (nextAt < 0 ? seen.length : nextAt) - number - 1;
    const text = others === 0 ? run.label(at) : `${run.label(at)} +${others}`;
    const room_px = (next === undefined ? width : xOf(picture, next) - 5) - x - 7;
    if (text.length * CHARACTER_px < room_px) {
      pen.fillStyle = palette.ink;
      pen.fillText(text, x + 7, y + 4);
    }
  }
}

/** A violation is a diamond, a fault a triangle: nobody needs colours to tell them apart. */
function drawMark(pen: Pen, x: number, y: number, isViolation: boolean, colour: string): void {
  pen.fillStyle = colour;
  pen.beginPath();
  pen.moveTo(x, y - (isViolation ? 6 : 5));
  pen.lineTo(x + 4, isViolation ? y : y + 3);
  if (isViolation) pen.lineTo(x, y + 6);
  pen.lineTo(x - 4, isViolation ? y : y + 3);
  pen.closePath();
  pen.fill();
}

const marks = new WeakMap<Run, readonly number[]>();

/** Positions of faults and violations. */
export function marksOf(run: Run): readonly number[] {
  let found = marks.get(run);
  if (found === undefined) {
    const all: number[] = [];
    for (let at = 0; at < run.count; at += 1) {
      if (run.kinds[at] === KIND.fault || run.kinds[at] === KIND.violation) all.push(at);
    }
    for (const { violations } of run.head.invariants)
      for (const { at } of violations) if (!all.includes(at)) all.push(at);
    found = all.sort((a, b) => a - b);
    marks.set(run, found);
  }
  return found;
}

function drawAxis(pen: Pen, picture: Picture): void {
  const { window, width, palette, lanes } = picture;
  const values = ticks(window.from, window.to, width / 110);
  const step = (values[1] ?? 1) - (values[0] ?? 0);
  for (const value of values) {
    const x = ((value - window.from) / (window.to - window.from)) * width;
    pen.fillStyle = palette.line;
    pen.globalAlpha = 0.5;
    pen.fillRect(x, AXIS_px - 5, 1, lanes.height + 5);
    pen.globalAlpha = 1;
    const text = window.axis === 'event' ? `#${value}` : tickText(value, step);
    if (x + text.length * CHARACTER_px + 4 > width) continue;
    pen.fillStyle = palette.soft;
    pen.fillText(text, x + 3, 13);
  }
}

/** The record next to a point, within a few pixels; undefined where there is none. */
export function nearest(picture: Picture, x: number, y: number): number | undefined {
  const { run, window, width, filter } = picture;
  const reach = ((window.to - window.from) / width) * 12;
  const value = window.from + (x / width) * (window.to - window.from);
  const [first, end] = positionsIn(run, { ...window, from: value - reach, to: value + reach });
  let best: number | undefined;
  let distance = Number.POSITIVE_INFINITY;
  for (let at = first; at < end; at += 1) {
    if (!filter.shows(at)) continue;
    const away = Math.hypot(xOf(picture, at) - x, (laneY(picture, at) - y) * 0.8);
    if (away < distance) {
      distance = away;
      best = at;
    }
  }
  return distance < 30 ? best : undefined;
}
