import { readFileSync } from 'node:fs';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { childSpecOf, readActorsFile } from './actors-file.ts';
import { defaultBounds } from './supervision.ts';

const good = {
  supervisor: { strategy: 'one_for_one', intensity: 5, period_ms: 60_000 },
  actors: {
    cluster: { module: 'a/actor.ts', ports: 'a/ports.ts', mode: 'forked', shutdown_ms: 700 },
    workers: { module: 'b/actor.ts', mode: 'threaded', clusterSize: 3, heartbeat: { timeout_ms: 900 } },
  },
};

test('a good file becomes child specs, with defaults where it says nothing', () => {
  const read = readActorsFile(JSON.stringify(good), 'actors.json');
  assert.ok(read.ok);
  const [cluster, workers] = read.file.actors.map((entry) => childSpecOf(entry, { node: 'n1' }));
  assert.equal(cluster, {
    name: 'cluster',
    mode: 'forked',
    clusterSize: 1,
    bounds: { ...defaultBounds, shutdown_ms: 700 },
    source: { module: 'a/actor.ts', portsModule: 'a/ports.ts', parameters: { node: 'n1' } },
  });
  assert.is(workers?.clusterSize, 3);
  assert.equal(workers?.bounds?.heartbeat, { interval_ms: defaultBounds.heartbeat.interval_ms, timeout_ms: 900 });
  assert.equal(workers?.source, { module: 'b/actor.ts', parameters: { node: 'n1' } });
});

test('every mistake is one sentence that names file and key', () => {
  const bad = {
    supervisor: { strategy: 'all_for_one', intensity: -1, period_ms: 1.5, more: 1 },
    actors: { 'Not Kebab': { module: 'x', mode: 'remote' }, lost: { mode: 'forked', clusterSize: 0 }, list: [] },
  };
  const read = readActorsFile(JSON.stringify(bad), 'actors.json');
  assert.not(read.ok);
  assert.equal(read.ok ? [] : read.errors, [
    'actors.json: supervisor has the unknown key "more"',
    'actors.json: supervisor.strategy must be "one_for_one"',
    'actors.json: supervisor.intensity must be a whole number of at least 0',
    'actors.json: supervisor.period_ms must be a whole number of at least 1',
    'actors.json: actors.Not Kebab is not a name in kebab-case',
    'actors.json: actors.Not Kebab.mode must be one of in-memory, forked, threaded',
    'actors.json: actors.lost.module must be a text',
    'actors.json: actors.lost.clusterSize must be a whole number of at least 1',
    'actors.json: actors.list must be an object',
    'actors.json: actors.list.mode must be one of in-memory, forked, threaded',
    'actors.json: actors.list.module must be a text',
  ]);
  assert.match(JSON.stringify(readActorsFile('{', 'actors.json')), /actors\.json: not JSON/);
});

test('the file of this repository is good', () => {
  const text = readFileSync(new URL('../../actors.json', import.meta.url), 'utf8');
  assert.equal(readActorsFile(text, 'actors.json').ok, true);
});

test.run();
