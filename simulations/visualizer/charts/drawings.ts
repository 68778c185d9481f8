/** The committed drawings of all machines, `machines/drawings/NAME.svg`: made from the code, and compared with it by a test. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import type { ELK } from 'elkjs/lib/elk-api.js';
import { placeChart } from './chart-layout.ts';
import { chartSvg } from './chart-svg.ts';
import { CATALOGUE } from './machine-catalogue.ts';
import { describeMachine, type MachineDescription } from './machine-description.ts';

export const DRAWINGS_FOLDER = 'machines/drawings';

export function drawingPath(name: string): string {
  return `${DRAWINGS_FOLDER}/${name}.svg`;
}

export const DESCRIPTIONS: readonly MachineDescription[] = CATALOGUE.map(describeMachine);

/** SVG of one machine. Needs elkjs, which is a development dependency; throws without it. */
export async function drawMachine(machine: MachineDescription): Promise<string> {
  const Elk = createRequire(import.meta.url)('elkjs/lib/elk.bundled.js') as new () => ELK;
  return chartSvg(await placeChart(new Elk(), machine));
}

/** Draws all machines anew below `root`. */
export async function redrawAll(root: string): Promise<readonly string[]> {
  mkdirSync(join(root, DRAWINGS_FOLDER), { recursive: true });
  const paths: string[] = [];
  for (const machine of DESCRIPTIONS) {
    const path = drawingPath(machine.name);
    writeFileSync(join(root, path), await drawMachine(machine));
    paths.push(path);
  }
  return paths;
}
