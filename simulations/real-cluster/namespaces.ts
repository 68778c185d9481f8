/**
 * Test hosts on one machine: a network namespace per node, joined by bridges in a namespace of their own.
 *
 * A node is cut off by moving its port to another bridge, so halves of any shape can be made and healed. Only the network is
 * apart: `nsenter --net` keeps the mount namespace, so a test sees every node's mount point.
 */
import { execFileSync } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';

export interface NamespaceNode {
  readonly name: string;
  readonly address: string;
}

function ip(...args: readonly string[]): void {
  execFileSync('ip', [...args], { stdio: ['ignore', 'ignore', 'pipe'] });
}

/** Full path of a program in PATH or the system folders, or undefined. */
export function findProgram(name: string): string | undefined {
  for (const folder of [...(process.env.PATH ?? '').split(delimiter), '/usr/sbin', '/sbin', '/usr/bin', '/bin']) {
    const path = join(folder, name);
    try {
      accessSync(path, constants.X_OK);
      return path;
    } catch {
      // looked at the next folder
    }
  }
  return undefined;
}

/** Why namespaces can't be used on this machine, with the cure; undefined when they can. */
export function whyNoNamespaces(): string | undefined {
  if (process.getuid?.() !== 0) return 'network namespaces need root';
  if (findProgram('ip') === undefined) return 'ip is missing: apt-get install iproute2';
  if (findProgram('nsenter') === undefined) return 'nsenter is missing: apt-get install util-linux';
  const probe = `pva-probe-${process.pid}`;
  try {
    ip('netns', 'add', probe);
    ip('netns', 'del', probe);
    return undefined;
  } catch (error) {
    return `this machine refuses network namespaces: ${error instanceof Error ? error.message.split('\n')[0] : String(error)}`;
  }
}

export class NamespaceNetwork {
  readonly nodes: readonly NamespaceNode[];
  readonly #id: string;
  readonly #switchName: string;
  readonly #bridges = new Set<string>();

  /** Makes one namespace per name, `10.77.0.<position>` each, all on one bridge. */
  constructor(id: string, names: readonly string[]) {
    this.#id = id;
    this.#switchName = `pva${id}-sw`;
    this.nodes = names.map((name, index) => ({ name, address: `10.77.0.${index + 1}` }));
    ip('netns', 'add', this.#switchName);
    this.#bridge('br0');
    for (const node of this.nodes) this.#plug(node);
  }

  namespaceOf(name: string): string {
    return `pva${this.#id}-${name}`;
  }

  /** Command prefix that runs a program with the node's network. */
  enter(name: string): readonly string[] {
    return ['nsenter', `--net=/var/run/netns/${this.namespaceOf(name)}`, '--'];
  }

  /** Puts every node into the side it is listed in; nodes of different sides can't reach each other. */
  split(...sides: readonly (readonly string[])[]): void {
    sides.forEach((side, index) => {
      this.#bridge(`br${index}`);
      for (const name of side) this.#inSwitch('link', 'set', `p-${name}`, 'master', `br${index}`);
    });
  }

  heal(): void {
    this.split(this.nodes.map((node) => node.name));
  }

  /** Removes all namespaces; safe to call twice. */
  destroy(): void {
    for (const name of [...this.nodes.map((node) => this.namespaceOf(node.name)), this.#switchName]) {
      try {
        ip('netns', 'del', name);
      } catch {
        // gone already
      }
    }
  }

  #inSwitch(...args: readonly string[]): void {
    ip('-n', this.#switchName, ...args);
  }

  #bridge(bridge: string): void {
    if (this.#bridges.has(bridge)) return;
    this.#inSwitch('link', 'add', bridge, 'type', 'bridge');
    this.#inSwitch('link', 'set', bridge, 'up');
    this.#bridges.add(bridge);
  }

  #plug(node: NamespaceNode): void {
    const namespace = this.namespaceOf(node.name);
    ip('netns', 'add', namespace);
    this.#inSwitch('link', 'add', `p-${node.name}`, 'type', 'veth', 'peer', 'name', 'eth0', 'netns', namespace);
    this.#inSwitch('link', 'set', `p-${node.name}`, 'master', 'br0');
    this.#inSwitch('link', 'set', `p-${node.name}`, 'up');
    ip('-n', namespace, 'address', 'add', `${node.address}/24`, 'dev', 'eth0');
    ip('-n', namespace, 'link', 'set', 'eth0', 'up');
    ip('-n', namespace, 'link', 'set', 'lo', 'up');
  }
}
