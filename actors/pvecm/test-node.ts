/**
 * A node for tests of pvecm: a real tree in local mode behind a real control socket, in this process; what `describe` says can be
 * overridden, and the supervisor only notes what it is asked.
 */
import type { Clock } from '../../runtime/clock/clock.ts';
import { type ControlHandler, startControlServer } from '../../runtime/ipc/control-server.ts';
import { makeParentDirectory } from '../../runtime/node/host-files.ts';
import { type NodeLayout, nodeLayout } from '../../runtime/node/layout.ts';
import { makeNodeDirectories } from '../../runtime/node/node-directories.ts';
import { createSystemRandom } from '../../runtime/random/system.ts';
import { controlHandlers } from '../node/cluster/control.ts';
import { startLocalTestNode } from '../node/local-test-node.ts';
import { NodeClient, type NodeDescription } from './node-client.ts';
import type { PvecmPorts } from './ports.ts';

export interface TestNode {
  readonly layout: NodeLayout;
  readonly client: NodeClient;
  readonly ports: PvecmPorts;
  /** All that was written to standard output, and the lines of standard error. */
  readonly printed: () => string;
  readonly warned: string[];
  /** Calls of the boot socket, and of the methods that a local node doesn't answer, in order. */
  readonly calls: string[];
  /** Replaces fields of what `describe` says. */
  override(description: Partial<NodeDescription>): void;
  write(path: string, text: string): Promise<void>;
  read(path: string): Promise<string | undefined>;
  close(): Promise<void>;
}

export interface TestNodeOptions {
  /** An empty folder. */
  readonly root: string;
  readonly name: string;
  readonly clock: Clock;
  readonly supervised?: boolean;
  /** Runs before a noted call is answered. */
  readonly onCall?: (method: string, node: TestNode) => void | Promise<void>;
}

export async function startTestNode(options: TestNodeOptions): Promise<TestNode> {
  const { root, name, clock, supervised = true } = options;
  const layout = nodeLayout(root);
  makeNodeDirectories(layout, 0);
  makeParentDirectory(layout.bootSocket);
  const { node: cluster, log } = startLocalTestNode(
    clock,
    {
      random: createSystemRandom(),
      hostConfig: { path: layout.hostConfig, read: () => undefined, replace: () => undefined },
    },
    { nodeName: name },
  );
  let overridden: Partial<NodeDescription> = {};
  const calls: string[] = [];
  const noted =
    (method: string): ControlHandler =>
    async (params) => {
      calls.push(`${method} ${JSON.stringify(params)}`);
      await options.onCall?.(method, node);
      return { result: {} };
    };
  const control = await startControlServer({
    path: layout.controlSocket,
    domain: 'main',
    log,
    handlers: {
      ...controlHandlers(cluster, () => undefined),
      describe: () => ({ result: { ...cluster.describe(), ...overridden } }),
      'set-expected': noted('set-expected'),
      'kill-node': noted('kill-node'),
      'log-message': noted('log-message'),
    },
  });
  const boot = supervised
    ? await startControlServer({
        path: layout.bootSocket,
        domain: 'main',
        log,
        handlers: { stop: noted('stop'), start: noted('start'), restart: noted('restart') },
      })
    : { close: async () => {} };
  if ('failure' in control || 'failure' in boot) throw new Error('the sockets of the test node are in use');

  const printed: string[] = [];
  const warned: string[] = [];
  const client = new NodeClient(layout);
  const node: TestNode = {
    layout,
    client,
    ports: {
      layout,
      client,
      clock,
      random: createSystemRandom(),
      print: (text) => printed.push(text),
      warn: (line) => warned.push(line),
    },
    printed: () => printed.join(''),
    warned,
    calls,
    override: (description) => {
      overridden = description;
    },
    write: async (path, text) => {
      const slash = path.lastIndexOf('/');
      if (slash > 0) await client.makeDirectories(path.slice(0, slash));
      await client.write(path, Buffer.from(text));
    },
    read: async (path) => (await client.read(path))?.toString(),
    close: async () => {
      client.close();
      await control.close();
      await boot.close();
      cluster.stop();
    },
  };
  return node;
}
