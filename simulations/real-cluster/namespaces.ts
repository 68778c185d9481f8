/**
 * Test hosts on one machine: a network namespace per node, joined by bridges in a namespace of their own.
 *
 * A node is cut off by moving its ports to other bridges, so halves of any shape can be made and healed; a link dies for all with
 * its bridges, and nobody is told. Only the network is apart: `nsenter --net` keeps the mount namespace, so a test sees every node's
 * mount point.
 */
import { execFileSync } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';

export type Family = 'IPv4' | 'IPv6';

export interface NamespaceNode {
  readonly name: string;
  /** One per link. */
  readonly addresses: readonly string[];
}

/** Interface address of the node at a place from 1, with prefix length. */
const ADDRESSES: Readonly<Record<Family, (link: number, place: number) => string>> = {
  IPv4: (link, place) => `10.77.${link}.${place}/24`,
  IPv6: (link, place) => `fd77:${link}::${place}/64`,
};

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
  readonly #links: readonly Family[];
  readonly #switchName: string;
  readonly #bridges = new Set<string>();

  /** Makes one namespace per name, with one interface for each of `links`; all nodes share a bridge per link. */
  constructor(id: string, names: readonly string[], links: readonly Family[] = ['IPv4']) {
    this.#id = id;
    this.#links = links;
    this.#switchName = `pva${id}-sw`;
    const addressesAt = (place: number) => links.map((family, link) => ADDRESSES[family](link, place));
    this.nodes = names.map((name, index) => ({
      name,
      addresses: addressesAt(index + 1).map((address) => address.replace(/\/.*/, '')),
    }));
    ip('netns', 'add', this.#switchName);
    for (const link of links.keys()) this.#bridge(bridgeName(link, 0));
    names.forEach((name, index) => {
      this.#plug(name, addressesAt(index + 1));
    });
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
      for (const link of this.#links.keys()) {
        this.#bridge(bridgeName(link, index));
        for (const name of side) this.#inSwitch('link', 'set', portName(link, name), 'master', bridgeName(link, index));
      }
    });
  }

  /** The link loses everything that is sent on it, until `restoreLink`. */
  breakLink(link: number): void {
    this.#setBridges(link, 'down');
  }

  restoreLink(link: number): void {
    this.#setBridges(link, 'up');
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

  #setBridges(link: number, state: 'up' | 'down'): void {
    for (const bridge of this.#bridges) {
      if (bridge.startsWith(bridgeName(link, ''))) this.#inSwitch('link', 'set', bridge, state);
    }
  }

  #bridge(bridge: string): void {
    if (this.#bridges.has(bridge)) return;
    this.#inSwitch('link', 'add', bridge, 'type', 'bridge');
    this.#inSwitch('link', 'set', bridge, 'up');
    this.#bridges.add(bridge);
  }

  #plug(name: string, addresses: readonly string[]): void {
    const namespace = this.namespaceOf(name);
    ip('netns', 'add', namespace);
    ip('-n', namespace, 'link', 'set', 'lo', 'up');
    addresses.forEach((address, link) => {
      const [port, card] = [portName(link, name), `eth${link}`];
      this.#inSwitch('link', 'add', port, 'type', 'veth', 'peer', 'name', card, 'netns', namespace);
      this.#inSwitch('link', 'set', port, 'master', bridgeName(link, 0));
      this.#inSwitch('link', 'set', port, 'up');
      // Nobody else can have the address: without `nodad` an IPv6 address can't be bound for its first second.
      const flags = address.includes(':') ? ['nodad'] : [];
      ip('-n', namespace, 'address', 'add', address, 'dev', card, ...flags);
      ip('-n', namespace, 'link', 'set', card, 'up');
    });
  }
}

function bridgeName(link: number, side: number | ''): string {
  return `br${link}-${side}`;
}

function portName(link: number, name: string): string {
  return `p${link}-${name}`;
}
