import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Section } from '../../runtime/formats/corosync-conf.ts';
import { addNode, newClusterConf, replacementText } from '../../runtime/formats/corosync-conf-edit.ts';
import { connectControl } from '../../runtime/ipc/control-client.ts';
import { type NodeLayout, nodeLayout } from '../../runtime/node/layout.ts';
import { accessLines } from './demo-access.ts';
import { CommandFailure } from './project.ts';

export interface DemoFlags {
  readonly dir: string;
  readonly nodes: string;
  readonly mount: boolean;
}

interface DemoNode {
  readonly name: string;
  readonly address: string;
  readonly layout: NodeLayout;
}

const FIRST_HOST = 11;
const READY_WITHIN_MS = 60_000;
const POLL_MS = 100;
const program = fileURLToPath(
  import.meta.resolve('../pve-actors.ts').replace(/\.ts$/, import.meta.url.endsWith('.ts') ? '.ts' : '.js'),
);

/** Runs the nodes as processes of their own until Ctrl-C. */
export async function demo({ dir, nodes: count, mount }: DemoFlags): Promise<void> {
  const size = Number(count);
  if (!Number.isInteger(size) || size < 1 || size > 28) throw new CommandFailure(`--nodes: '${count}' is not 1 to 28`);
  const nodes = Array.from({ length: size }, (_, index) => {
    const name = `n${index + 1}`;
    return { name, address: `127.0.0.${FIRST_HOST + index}`, layout: nodeLayout(join(resolve(dir), name)) };
  });
  prepare(nodes);
  if (mount && !existsSync('/dev/fuse')) {
    console.log('/dev/fuse is missing: no mounts; files are at hand by: npx pve-actors file --help');
  }
  const started_ms = Date.now();
  const children = nodes.map((node) => start(node, mount));
  let isEnding = false;
  const ended = Promise.all(children.map((child) => new Promise((done) => child.once('exit', done))));
  const end = () => {
    if (isEnding) return;
    isEnding = true;
    console.log('ending all nodes');
    for (const child of children) child.kill('SIGTERM');
  };
  process.on('SIGINT', end);
  process.on('SIGTERM', end);
  let areUp = false;
  for (const [index, child] of children.entries()) {
    child.once('exit', (code, signal) => {
      if (isEnding) return;
      const node = nodes[index]!;
      console.error(`${node.name} has ended (${signal ?? `exit code ${code}`})`);
      if (areUp) {
        console.error(`start it again by: npx pve-actors boot --node ${node.name} --root ${shown(node.layout.root)}`);
        return;
      }
      process.exitCode = 1;
      end();
    });
  }
  areUp = await allReady(nodes, () => isEnding);
  if (areUp) {
    announce(nodes, Date.now() - started_ms, mount);
    await announceAccess(resolve(dir), nodes[0]!);
  }
  if (!areUp && !isEnding) {
    console.error(`the nodes were not quorate and synced within ${READY_WITHIN_MS / 1000} s`);
    process.exitCode = 1;
    end();
  }
  await ended;
}

async function announceAccess(folder: string, node: DemoNode): Promise<void> {
  try {
    for (const line of await accessLines(folder, node)) console.log(line);
  } catch (error) {
    console.error(`the API: ${(error as Error).message}`);
  }
}

/** One configuration and one key for nodes that have none; what is there stays. */
function prepare(nodes: readonly DemoNode[]): void {
  const missing = nodes.filter(({ layout }) => !existsSync(layout.hostConfig));
  if (missing.length === 0) return;
  if (missing.length < nodes.length) {
    const has = nodes.find((node) => !missing.includes(node))!;
    throw new CommandFailure(
      `${has.name} has a cluster configuration and ${missing[0]!.name} has none; remove ${has.layout.root} and its neighbours to start anew`,
    );
  }
  const text = configText(nodes);
  const authkey = randomBytes(256);
  for (const { layout } of nodes) {
    mkdirSync(join(layout.root, 'etc', 'corosync'), { recursive: true });
    writeFileSync(layout.hostConfig, text);
    writeFileSync(layout.authkey, authkey, { mode: 0o400 });
  }
}

function configText(nodes: readonly DemoNode[]): string {
  const [first, ...others] = nodes as readonly [DemoNode, ...DemoNode[]];
  const linksOf = ({ address }: DemoNode) => new Map([[0, { address }]]);
  let edit = newClusterConf({ clusterName: 'demo', nodeName: first.name, links: linksOf(first) });
  const sections = (): Section => {
    if ('errors' in edit) throw new CommandFailure(edit.errors.join('\n'));
    return edit.sections;
  };
  for (const node of others) edit = addNode(sections(), { name: node.name, links: linksOf(node) }, (name) => name);
  const written = replacementText(sections());
  if ('errors' in written) throw new CommandFailure(written.errors.join('\n'));
  return written.text;
}

function start({ name, layout }: DemoNode, mount: boolean): ChildProcess {
  const args = ['boot', '--node', name, '--root', layout.root, '--until-stdin-ends', ...(mount ? [] : ['--no-mount'])];
  // A group of its own: Ctrl-C reaches this process alone, which ends the nodes in order.
  return spawn(process.execPath, [...process.execArgv, program, ...args], {
    stdio: ['pipe', 'inherit', 'inherit'],
    detached: true,
  });
}

async function allReady(nodes: readonly DemoNode[], isEnding: () => boolean): Promise<boolean> {
  const deadline = Date.now() + READY_WITHIN_MS;
  while (Date.now() < deadline && !isEnding()) {
    const ready = await Promise.all(nodes.map(isReady));
    if (ready.every(Boolean)) return true;
    await new Promise((done) => setTimeout(done, POLL_MS));
  }
  return false;
}

async function isReady({ layout }: DemoNode): Promise<boolean> {
  const client = await connectControl('the cluster process', layout.controlSocket);
  if ('failure' in client) return false;
  const outcome = await client.call('describe', {});
  client.close();
  return 'result' in outcome && (outcome.result as { ready: boolean }).ready;
}

/** A path as people type it from here. */
function shown(path: string): string {
  const short = relative(process.cwd(), path);
  return short.startsWith('..') ? path : `./${short}`;
}

function announce(nodes: readonly DemoNode[], took_ms: number, mount: boolean): void {
  const [first] = nodes as readonly [DemoNode, ...DemoNode[]];
  const last = nodes.at(-1)!;
  const root = (node: DemoNode) => `--root ${shown(node.layout.root)}`;
  console.log(`\n${nodes.length} nodes are quorate and synced after ${(took_ms / 1000).toFixed(1)} s`);
  for (const node of nodes)
    console.log(`  ${node.name}  ${node.address}  /etc/pve at ${shown(node.layout.mountPoint)}`);
  console.log('try, in another terminal:');
  if (mount) {
    console.log(`  echo hello > ${shown(first.layout.mountPoint)}/hello; cat ${shown(last.layout.mountPoint)}/hello`);
  }
  console.log(`  npx pve-actors status ${root(first)}`);
  console.log(`  npx pvecm ${root(first)} status`);
  console.log(`  npx pve-actors file ls ${root(last)} /`);
  console.log('Ctrl-C ends all nodes; their state stays\n');
}
