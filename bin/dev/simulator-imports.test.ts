/** The simulator runs anywhere: nothing that it imports needs a native module or a real host. */
import { readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { readSource } from './tidy/source-text.ts';

const root = fileURLToPath(new URL('../../', import.meta.url));
const ENTRIES = [
  'simulations/cluster/swarm-worker.ts',
  'simulations/scenarios/run-scenario.ts',
  'simulations/schedule/shrink.ts',
];
const ALLOWED_PACKAGES = ['xstate', 'ipaddr.js'];

interface Graph {
  readonly files: ReadonlySet<string>;
  /** Package or `node:` module, with the files that import it. */
  readonly modules: ReadonlyMap<string, readonly string[]>;
}

/** Imports that are there at run time: types are gone by then. */
function walk(entries: readonly string[]): Graph {
  const files = new Set(entries);
  const modules = new Map<string, string[]>();
  for (const file of files) {
    for (const { specifier, clause } of readSource(readFileSync(join(root, file), 'utf8')).imports) {
      if (/^(?:import|export)\s+type\b/.test(clause)) continue;
      if (specifier.startsWith('.')) files.add(relative(root, join(root, dirname(file), specifier)));
      else modules.set(specifier, [...(modules.get(specifier) ?? []), file]);
    }
  }
  return { files, modules };
}

const graph = walk(ENTRIES);

test('the walk finds what real nodes run', () => {
  for (const file of [
    'actors/node/cluster-node.ts',
    'machines/cluster/totem/ring.ts',
    'machines/pmxcfs/dfsm/core.ts',
  ]) {
    assert.ok(graph.files.has(file), file);
  }
});

test('no package but pure ones', () => {
  const packages = [...graph.modules.keys()].filter((name) => !name.startsWith('node:'));
  assert.equal(
    packages.filter((name) => !ALLOWED_PACKAGES.includes(name)),
    [],
  );
});

test('actors, machines and the ports in use touch no file, socket or process', () => {
  const pure = ['node:buffer', 'node:assert', 'node:assert/strict', 'node:crypto', 'node:net'];
  const impure = [...graph.modules].flatMap(([name, files]) =>
    files
      .filter((file) => !file.startsWith('simulations/') && name.startsWith('node:') && !pure.includes(name))
      .map((file) => `${file}: ${name}`),
  );
  assert.equal(impure, []);
});

test.run();
