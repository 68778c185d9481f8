/**
 * A placed chart as SVG: readable by itself in light and dark, and lit by the visualizer, which finds the states by `data-state`
 * and the transitions by `data-members` (positions in the machine's list of transitions).
 */
import {
  LINE_HEIGHT_px,
  LINE_px,
  PADDING_px,
  type PlacedChart,
  type PlacedState,
  type PlacedTransition,
  TITLE_px,
} from './chart-layout.ts';

const margin_px = 8;
const corner_px = 7;

const STYLE = [
  `.machine{--paper:#fff;--ink:#1c2430;--soft:#5a6675;--state:#eef2f7;--edge:#6b7888;font-family:ui-monospace,'DejaVu Sans Mono',Menlo,Consolas,monospace}`,
  `@media(prefers-color-scheme:dark){.machine{--paper:#14181e;--ink:#e6ebf2;--soft:#a3afbf;--state:#222a35;--edge:#8492a4}}`,
  `.machine .paper{fill:var(--paper)}`,
  `.machine .state rect{fill:var(--state);stroke:var(--edge)}`,
  `.machine .compound>rect{fill:none}`,
  `.machine .final>rect{stroke-width:3}`,
  `.machine .any>rect{fill:none;stroke-dasharray:5 3}`,
  `.machine .initial{fill:var(--ink)}`,
  `.machine .title{font-size:${TITLE_px}px;font-weight:600;fill:var(--ink)}`,
  `.machine .line{font-size:${LINE_px}px;fill:var(--soft);white-space:pre}`,
  `.machine .way{fill:none;stroke:var(--edge)}`,
  `.machine .tip{fill:var(--edge)}`,
  `.machine .label rect{fill:var(--paper);opacity:.9}`,
].join('');

export function chartSvg(chart: PlacedChart): string {
  const [width, height] = [chart.width + 2 * margin_px, chart.height + 2 * margin_px];
  const view = `${-margin_px} ${-margin_px} ${width} ${height}`;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" class="machine" width="${width}" height="${height}" viewBox="${view}" role="img">`,
    `<title>${escaped(`The machine ${chart.name}`)}</title>`,
    `<style>${STYLE}</style>`,
    `<rect class="paper" x="${-margin_px}" y="${-margin_px}" width="${width}" height="${height}"/>`,
    ...chart.states.map(stateSvg),
    ...chart.transitions.map(wayOf),
    ...chart.transitions.map(labelSvg).filter((text) => text !== ''),
    '</svg>\n',
  ].join('\n');
}

function stateSvg({ name, title, type, lines, x, y, width, height }: PlacedState): string {
  if (type === 'initial')
    return `<circle class="initial" cx="${x + width / 2}" cy="${y + height / 2}" r="${width / 2 - 1}"/>`;
  const baseline = y + PADDING_px + TITLE_px - 2;
  const texts = lines.map((line, at) => {
    const top = baseline + 6 + (at + 1) * LINE_HEIGHT_px;
    return `<text class="line" x="${x + PADDING_px}" y="${tenths(top)}">${escaped(line)}</text>`;
  });
  return [
    `<g class="state ${type}" data-state="${escaped(name)}">`,
    `<rect x="${x}" y="${y}" width="${width}" height="${height}" rx="${corner_px}"/>`,
    `<text class="title" x="${x + PADDING_px}" y="${tenths(baseline)}">${escaped(title)}</text>`,
    ...texts,
    '</g>',
  ].join('');
}

function wayOf({ members, source, target, points }: PlacedTransition): string {
  const way = points.map(([x, y], at) => `${at === 0 ? 'M' : 'L'}${x} ${y}`).join('');
  const data = `data-members="${members.join(' ')}" data-source="${escaped(source)}" data-target="${escaped(target)}"`;
  return `<g class="transition" ${data}><path class="way" d="${way}"/>${tipOf(points)}</g>`;
}

/** The arrow's tip, at the end of the last stretch. */
function tipOf(points: PlacedTransition['points']): string {
  const end = points.at(-1);
  const before = points.at(-2);
  if (end === undefined || before === undefined) return '';
  const length = Math.hypot(end[0] - before[0], end[1] - before[1]) || 1;
  const [along, across] = [(end[0] - before[0]) / length, (end[1] - before[1]) / length];
  const corner = (side: number): string =>
    `${tenths(end[0] - 8 * along - 4 * side * across)} ${tenths(end[1] - 8 * across + 4 * side * along)}`;
  return `<path class="tip" d="M${end[0]} ${end[1]}L${corner(1)}L${corner(-1)}Z"/>`;
}

function labelSvg({ members, label }: PlacedTransition): string {
  if (label === undefined) return '';
  const lines = label.lines.map((line, at) => {
    const baseline = tenths(label.y + (at + 1) * LINE_HEIGHT_px - 3);
    return `<text class="line" data-member="${members[at]}" x="${tenths(label.x + 3)}" y="${baseline}">${escaped(line)}</text>`;
  });
  const { x, y, width, height } = label;
  return `<g class="label" data-members="${members.join(' ')}"><rect x="${x}" y="${y}" width="${width}" height="${height}"/>${lines.join('')}</g>`;
}

function tenths(length: number): number {
  return Math.round(length * 10) / 10;
}

export function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');
}
