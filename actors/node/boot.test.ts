import { existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { createRealClock } from '../../runtime/clock/real.ts';
import { MemoryLog } from '../../runtime/log/memory.ts';
import { nodeLayout } from '../../runtime/node/layout.ts';
import { createSystemRandom } from '../../runtime/random/system.ts';
import { bootNode } from './boot.ts';

const folder = mkdtempSync(join(tmpdir(), 'pva-boot-'));
test.after(() => rmSync(folder, { recursive: true }));

async function complaintAbout(text: string, only?: readonly string[]): Promise<string> {
  const clock = createRealClock();
  const layout = nodeLayout(folder);
  mkdirSync(dirname(layout.bootSocket), { recursive: true });
  const log = new MemoryLog(clock, 10);
  const booting = bootNode({
    layout,
    actorsFile: { text, name: 'actors.json' },
    only,
    parameters: {
      root: folder,
      nodeName: 'n1',
      isNameGiven: true,
      isLocal: true,
      treeMode: 'solo',
      acknowledgement: 'majority',
      synchronous: 'normal',
      mount: false,
    },
    clock,
    random: createSystemRandom(),
    log,
    recent: log,
    signal: new AbortController().signal,
    onFailure: () => {},
  });
  const complaint = await booting.then(
    () => 'it has started',
    (error: Error) => error.message,
  );
  assert.not(existsSync(layout.bootSocket), 'nobody was promised anything');
  return complaint;
}

const actors = (entry: object) =>
  JSON.stringify({
    supervisor: { strategy: 'one_for_one', intensity: 1, period_ms: 1000 },
    actors: { cluster: entry },
  });

test('an actors.json that is none is refused with its name and the place', async () => {
  assert.match(await complaintAbout('{'), /^actors\.json: [^\n]+$/);
  assert.match(await complaintAbout('[]'), /^actors\.json: [^\n]+/);
  assert.match(
    await complaintAbout(actors({ module: 'x.ts', mode: 'elsewhere' })),
    /actors\.cluster\.mode must be one of/,
  );
  assert.match(await complaintAbout(actors({ mode: 'forked' })), /actors\.cluster\.module must be a text/);
});

test('a choice of actors that are not there is refused with those that are', async () => {
  const text = actors({ module: 'x.ts', mode: 'forked' });
  assert.is(await complaintAbout(text, ['web']), "--only: there is no actor 'web' in actors.json; it has cluster");
});

test.run();
