// test-timeout: 180
/** What real nodes leave behind of their decisions: the trace that was asked for, and the black box of one that died. */
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { openTrace } from '../../runtime/trace/reader.ts';
import type { TraceHeader, TraceRecord } from '../../runtime/trace/trace.ts';
import { corosyncConf, installClusterFiles, newAuthkey } from './cluster-files.ts';
import { withFolder } from './test-folder.ts';

async function readAll(path: string): Promise<{ readonly header: TraceHeader; readonly records: TraceRecord[] }> {
  const { header, records } = await openTrace(path);
  const all: TraceRecord[] = [];
  for await (const record of records) all.push(record);
  return { header, records: all };
}

function statesOf(records: readonly TraceRecord[], actor: string): readonly unknown[] {
  return records
    .filter((record) => record.kind === 'machine' && record.actor === actor)
    .map((record) => record.kind === 'machine' && record.after);
}

test('two nodes: a trace of everything, and a black box that outlives a power failure', () =>
  withFolder(async (folder) => {
    const trace = join(folder.path, 'n1.jsonl');
    const [n1, n2] = ['n1', 'n2'].map((name, at) => folder.node(name, { flags: at === 0 ? ['--trace', trace] : [] }));
    const addresses = ['127.0.0.1', '127.0.0.2'];
    const list = addresses.map((address, at) => ({ name: `n${at + 1}`, addresses: [address] }));
    const conf = corosyncConf(list, { port: 23_000 + (process.pid % 20_000) });
    const authkey = newAuthkey();
    for (const node of [n1!, n2!]) {
      installClusterFiles(node.layout, conf, authkey);
      node.start(['--no-mount']);
    }
    for (const node of [n1!, n2!]) await node.ready();
    const written = await n1!.call('file-write', { path: 'seen', data: Buffer.from('x').toString('base64') });
    assert.ok('result' in written, JSON.stringify(written));
    await n2!.powerFailure();
    assert.equal((await n1!.stop()).code, 0);

    const whole = await readAll(trace);
    assert.is(whole.header.source, 'node');
    assert.equal(whole.header.nodes, ['n1']);
    assert.ok((whole.header.origin_wall_ms ?? 0) > 1_700_000_000_000);
    assert.ok(statesOf(whole.records, 'membership').includes('operational'));
    assert.ok(statesOf(whole.records, 'membership').includes('left'), 'up to the end');
    assert.ok(statesOf(whole.records, 'dcdb').includes('synced'));
    const sequences = new Set(whole.records.map(({ sequence }) => sequence));
    const received = new Set(
      whole.records.filter(({ kind }) => kind === 'receive').map(({ sequence }) => sequence as number | null),
    );
    const answers = whole.records.filter(({ kind, cause }) => kind === 'send' && received.has(cause));
    assert.ok(answers.length > 0, 'what is sent in answer names what was received');
    for (const { cause } of whole.records) assert.ok(cause === null || sequences.has(cause), `cause ${cause}`);

    const kept = await readAll(n2!.layout.blackBox);
    assert.equal(kept.header.nodes, ['n2']);
    assert.ok(statesOf(kept.records, 'membership').includes('operational'));
    assert.ok(statesOf(kept.records, 'quorum').includes('tracking'));
    assert.ok(statesOf(kept.records, 'dcdb').includes('synced'));
    assert.equal([...new Set(kept.records.map(({ kind }) => kind))].sort(), ['machine', 'note']);
  }));

test.run();
