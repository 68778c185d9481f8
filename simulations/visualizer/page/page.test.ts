// test-timeout: 300
// test-exclusive
/** The page in a browser, over a long trace: what people do with it, by mouse and by keys. */
import { appendFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Page } from 'playwright-core';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { nodeLayout } from '../../../runtime/node/layout.ts';
import { reportSkip } from '../../../runtime/test-support/shared-corpus.ts';
import { runSeed } from '../../cluster/run.ts';
import { type Schedule, scheduleOf } from '../../schedule/schedule.ts';
import { branchesOf } from '../branch/branch-server.ts';
import { lackOfBrowser, openBrowser, type TestBrowser } from '../browser.ts';
import { builtPage } from '../build-page.ts';
import { liveRun } from '../live-run.ts';
import { type LongTrace, writeLongTrace } from '../long-trace.ts';
import { prepareSource, prepareTrace } from '../run/prepare-run.ts';
import { Run } from '../run/run.ts';
import { type Served, serveRun } from '../serve-run.ts';

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const SHORT = { chaos_ms: 6000, nodeCount: 3, faults: ['crash', 'partition'] } as const;
/** Of the membership machine of n1; the rest is different in each. */
const STEP = {
  node: 'n1',
  actor: 'membership',
  cause: null,
  kind: 'machine',
  machine: 'membership',
  before: 'idle',
  changed: {},
  effects: [],
};
const RECORDS = 100_000;
const folder = mkdtempSync(join(tmpdir(), 'pve-actors-page-'));
/** Runs in the page: by how much it exceeds the window, then the texts that don't fit where they stand. */
const EXCESS = `(() => {
  const root = document.documentElement;
  const texts = [...document.querySelectorAll('.strip dd, .strip h2, .tabs button, header button, .buttons button, .where')];
  const cut = texts.filter((one) => one.clientWidth > 0 && one.scrollWidth > one.clientWidth + 1);
  return [root.scrollWidth - root.clientWidth, root.scrollHeight - root.clientHeight, ...cut.map((one) => one.textContent)];
})()`;
const AXE_FINDINGS = `axe.run().then(({ violations }) =>
  violations.map(({ id, nodes }) => id + ': ' + nodes.map(({ html }) => html.slice(0, 120)).join(' | ')))`;
const complaints: string[] = [];
const requests: string[] = [];
let browser: TestBrowser | undefined;
let served: Served;
let page: Page;
let run: Run;
let trace: LongTrace;

const lack = lackOfBrowser();

test.before(async () => {
  if (lack !== undefined) return;
  trace = writeLongTrace(join(folder, 'long.jsonl'), RECORDS);
  const bytes = await prepareTrace(trace.path, 'long run');
  run = await Run.of(bytes);
  served = await serveRun({ page: await builtPage(), run: bytes, port: 0 });
  browser = await openBrowser();
  page = await browser.context.newPage();
  watch(page);
  await page.goto(served.url);
  await page.waitForSelector('[data-test=where]');
});

test.after(async () => {
  await browser?.close();
  if (lack === undefined) await served.close();
  rmSync(folder, { recursive: true, force: true });
});

function watch(one: Page): void {
  one.on('pageerror', ({ message }) => void complaints.push(message));
  one.on('console', (message) => {
    if (message.type() === 'error') complaints.push(message.text());
  });
  one.on('request', (request) => void requests.push(request.url()));
}

function check(name: string, body: () => Promise<void>): void {
  test(name, async () => {
    if (lack !== undefined) return reportSkip(name, lack);
    await body();
  });
}

/** Position that the page says it shows. */
async function position(one: Page = page): Promise<number> {
  const text = (await one.textContent('[data-test=where]')) ?? '';
  return Number(/event (\d+) of/.exec(text)?.[1]) - 1;
}

async function press(...keys: readonly string[]): Promise<void> {
  for (const key of keys) await page.keyboard.press(key);
}

async function select(at: number): Promise<void> {
  await page.getByLabel('Position in the trace, by event').fill(String(at));
  assert.is(await position(), at);
}

check('a hundred thousand records are shown, beginning at the first violation', async () => {
  assert.ok(run.count >= RECORDS);
  assert.is(run.sequences[await position()], trace.violation);
  assert.match((await page.textContent('h1')) ?? '', /long run/);
  assert.is(await page.locator('.strip li').count(), 3);
});

check('keys step by event, by actor, by message, and by state', async () => {
  await select(5000);
  await page.locator('h1').click();
  await press('ArrowRight', 'ArrowRight', 'ArrowLeft');
  assert.is(await position(), 5001);
  await press('Shift+ArrowRight');
  const next = await position();
  assert.is(run.tracks[next], run.tracks[5001]);
  assert.ok(next > 5001);
  const receive = run.kinds.indexOf(3, 6000);
  await select(receive);
  await press('ArrowUp');
  assert.is(await position(), run.cause(receive));
  await press('ArrowDown');
  assert.is(await position(), run.effects(run.cause(receive))[0]);
  await press('n');
  const change = await position();
  assert.is.not(run.before[change], run.after[change]);
  await press('Home');
  assert.is(await position(), 0);
  await press('End');
  assert.is(await position(), run.count - 1);
});

check('the scrubber leads to the moment that is pointed at', async () => {
  const box = (await page.locator('.track canvas').boundingBox())!;
  await page.mouse.click(box.x + box.width / 4, box.y + 10);
  const [first, last] = [run.times[0]!, run.times[run.count - 1]!];
  assert.ok(Math.abs(run.times[await position()]! - (first + (last - first) / 4)) < (last - first) / 200);
});

check('a chosen message shows its causal cone, and nothing else', async () => {
  const receive = run.kinds.indexOf(3, 20_000);
  const time_ms = run.times[receive]!;
  await page.goto(`${served.url}#at=${receive}&from=${time_ms - 5}&to=${time_ms + 5}`);
  await page.reload();
  await page.waitForSelector('[data-test=where]');
  assert.is(await position(), receive);
  const before = await canvasDigest();
  await press('c');
  assert.is(await page.getByRole('button', { name: 'Causal cone' }).getAttribute('aria-pressed'), 'true');
  await settled();
  assert.is.not(await canvasDigest(), before);
  await press('c');
  await settled();
  assert.is(await canvasDigest(), before);
});

check('a click in the diagram chooses the event that lies there', async () => {
  const receive = run.kinds.indexOf(3, 20_000);
  const canvas = (await page.locator('.plane canvas').boundingBox())!;
  const ring = (await page.locator('.cursor').first().boundingBox())!;
  const lane = (await page.getByRole('button', { name: `${run.nodeName(receive)}: actors` }).boundingBox())!;
  await select(run.cause(receive));
  await page.mouse.click(ring.x + 1, lane.y + lane.height / 2);
  assert.ok(canvas.width > 0);
  const chosen = await position();
  assert.is(run.nodeName(chosen), run.nodeName(receive));
  assert.ok(Math.abs(run.times[chosen]! - run.times[receive]!) < 0.5);
});

check('the first violation is found from anywhere, with the chain that explains it', async () => {
  await select(10);
  await page.locator('h1').click();
  await press('v');
  assert.is(run.sequences[await position()], trace.violation);
  await page.getByRole('tab', { name: /Invariants/ }).click();
  const links = page.getByRole('list', { name: 'Causal chain' }).getByRole('button');
  assert.ok((await links.count()) > 1);
  await links.first().click();
  assert.is(await position(), run.head.chain[0]!.at);
});

check('the statechart lights the state of that moment, and tells the refused guards and the dwell times', async () => {
  const track = run.head.tracks.findIndex(({ machine }) => machine === 'membership');
  const change = run.changes(track)[2]!;
  await select(change);
  const state = run.stateAt(track, change);
  assert.is(await page.textContent('[data-test=state]'), state);
  const lit = await page
    .locator('.sheet .active')
    .evaluateAll((all) => all.map((one) => one.getAttribute('data-state')));
  assert.equal(lit, [state]);
  assert.ok((await page.locator('.sheet .transition.taken').count()) > 0);
  assert.match((await page.textContent('section[aria-label=Statechart] footer')) ?? '', new RegExp(`${state} \\d+×`));
});

check('the inspector tells the context before and after', async () => {
  await page.getByRole('tab', { name: 'Inspector' }).click();
  const track = run.head.tracks.findIndex(({ machine }) => machine === 'membership');
  const at = run.changes(track)[3]!;
  await select(at);
  await page.waitForSelector('.inspector table');
  const record = await run.record(at);
  const changed = record.kind === 'machine' ? Object.keys(record.changed).sort() : [];
  const marked = await page.locator('.inspector tr.changed th').allTextContents();
  assert.equal(marked, changed);
});

check('the address holds the moment: who gets the link sees the same', async () => {
  await select(4321);
  await page.waitForURL(/at=4321/);
  const other = await browser!.context.newPage();
  watch(other);
  await other.goto(page.url());
  await other.waitForSelector('[data-test=where]');
  assert.is(await position(other), 4321);
  await other.close();
});

check('an exported page opens without a server, and shows the same moment and the same violation', async () => {
  await page.getByText('Export', { exact: true }).click();
  const [download] = await Promise.all([
    page.waitForEvent('download'),
    page.getByRole('button', { name: 'This page with the run (HTML)' }).click(),
  ]);
  const path = join(folder, 'exported.html');
  await download.saveAs(path);
  const other = await browser!.context.newPage();
  watch(other);
  await other.goto(`${pathToFileURL(path)}#at=777`);
  await other.waitForSelector('[data-test=where]');
  assert.is(await position(other), 777);
  await other.getByRole('button', { name: 'Next violation' }).click();
  assert.is(run.sequences[await position(other)], trace.violation);
  await other.close();
});

check('charts and logs are exported in the forms of others', async () => {
  const exported = async (name: string): Promise<string> => {
    await page.getByText('Export', { exact: true }).click();
    const [download] = await Promise.all([page.waitForEvent('download'), page.getByRole('button', { name }).click()]);
    return readFileSync(await download.path(), 'utf8');
  };
  assert.match(await exported('Statechart as SVG'), /^<svg/);
  assert.match(await exported('Statechart as Mermaid'), /stateDiagram-v2/);
  assert.match(await exported('What is shown, for ShiViz'), /n1 \{"n1":\d+/);
});

check('a branch at the server is compared side by side: where the futures part, and how the nodes differ', async () => {
  const schedule = (): Schedule => scheduleOf(runSeed(3, { options: SHORT }));
  const bytes = await prepareSource({ kind: 'schedule', schedule: schedule() }, 'short run');
  const branching = await serveRun({ page: await builtPage(), run: bytes, branches: branchesOf(schedule), port: 0 });
  try {
    const other = await browser!.context.newPage();
    watch(other);
    await other.goto(branching.url);
    await other.waitForSelector('[data-test=where]');
    const short = await Run.of(bytes);
    await other.getByLabel('Position in the trace, by event').fill(String(short.positionAt(4000)));
    await other.getByRole('button', { name: 'n3: what if…' }).click();
    await other.getByLabel('What happens').selectOption('crash');
    await other.getByRole('button', { name: 'Branch from here' }).click();
    await other.waitForSelector('.branch table', { timeout: 60_000 });
    assert.is(await other.locator('.plane canvas').count(), 2);
    assert.match((await other.textContent('.branch h3')) ?? '', /crash n3 at/);
    await other.getByRole('button', { name: 'Go there' }).click();
    await other.getByLabel('Position in the trace, by event').fill(String(short.positionAt(4500)));
    assert.match((await other.textContent('.branch table')) ?? '', /n3 power\s*on\s*daemon dead/);
    await other.evaluate(AXE);
    assert.equal(await other.evaluate(AXE_FINDINGS), []);
    await other.getByRole('button', { name: 'Close the branch' }).click();
    assert.is(await other.locator('.plane canvas').count(), 1);
    await other.close();
    requests.splice(0, requests.length, ...requests.filter((url) => !url.startsWith(branching.url)));
  } finally {
    await branching.close();
  }
});

check('running nodes are followed: what they write is shown, and a step stops that', async () => {
  const box = join(nodeLayout(join(folder, 'n1')).logDirectory, 'black-box.jsonl');
  mkdirSync(dirname(box), { recursive: true });
  const line = (sequence: number, after: string): string =>
    `${JSON.stringify({ ...STEP, sequence, time_ms: sequence * 100, event: { type: `E${sequence}` }, after })}\n`;
  const header = { trace: 1, source: 'node', nodes: ['n1'], origin_wall_ms: 1_700_000_000_000 };
  writeFileSync(box, `${JSON.stringify(header)}\n${line(1, 'gather')}`);
  const live = await serveRun({ page: await builtPage(), run: liveRun([folder]), port: 0 });
  try {
    const other = await browser!.context.newPage();
    watch(other);
    await other.goto(live.url);
    await other.waitForSelector('[data-test=where]');
    assert.is(await other.textContent('[data-test=state]'), 'gather');
    appendFileSync(box, line(2, 'operational'));
    await other.getByText('event 2 of 2').waitFor({ timeout: 30_000 });
    assert.is(await other.textContent('[data-test=state]'), 'operational');
    await other.locator('h1').click();
    await other.keyboard.press('ArrowLeft');
    assert.is(await other.getByRole('button', { name: 'Follow' }).getAttribute('aria-pressed'), 'false');
    assert.is(await position(other), 0);
    await other.close();
    requests.splice(0, requests.length, ...requests.filter((url) => !url.startsWith(live.url)));
  } finally {
    await live.close();
  }
});

check('axe finds nothing to complain of, in both themes, on both tabs', async () => {
  for (const colorScheme of ['light', 'dark'] as const) {
    await page.emulateMedia({ colorScheme });
    for (const tab of ['Inspector', /Invariants/]) {
      await page.getByRole('tab', { name: tab }).click();
      await page.evaluate(AXE);
      const found = await page.evaluate(AXE_FINDINGS);
      assert.equal(found, [], `${colorScheme}, ${tab}`);
    }
  }
});

check('nothing is cut or wider than the window on a laptop and on a large screen', async () => {
  for (const [width, height] of [
    [1280, 800],
    [1920, 1080],
  ] as const) {
    await page.setViewportSize({ width, height });
    const excess = await page.evaluate(EXCESS);
    assert.equal(excess, [0, 0], `${width}×${height}`);
  }
});

check('nothing was fetched but the page and its run, and nothing failed', async () => {
  const foreign = requests.filter((url) => !url.startsWith(served.url) && !/^(file|data|blob):/.test(url));
  assert.equal(foreign, []);
  assert.equal(complaints, []);
});

/** Two frames: what was changed has been drawn. */
async function settled(): Promise<void> {
  await page.evaluate('new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve)))');
}

function canvasDigest(): Promise<string> {
  return page.evaluate(`document.querySelector('.plane canvas').toDataURL()`);
}

test.run();
