import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { type ClusterDescription, describeCluster } from '../../actors/doctor/cluster-description.ts';
import type { Machine } from '../../actors/doctor/machine-checks.ts';
import { readTree, type TreeReader } from '../../actors/doctor/tree-files.ts';
import { type NodeLayout, nodeLayout } from '../../runtime/node/layout.ts';
import { CommandFailure } from './project.ts';
import { callCluster } from './sockets.ts';

/** The cluster that a copied `/etc/pve` describes. Fails with exit code 1. */
export async function describedBy(directory: string): Promise<ClusterDescription> {
  const path = resolve(directory);
  if (!existsSync(path) || !statSync(path).isDirectory()) throw new CommandFailure(`${directory} is no directory`);
  return described(directory, directoryReader(path));
}

/** The cluster of a node of this machine: by its mount, or by its control socket where it has none. */
export async function describedByNode(root: string): Promise<ClusterDescription> {
  const layout = nodeLayout(resolve(root));
  const isMounted = existsSync(join(layout.mountPoint, 'corosync.conf'));
  if (!isMounted && !existsSync(layout.controlSocket)) {
    throw new CommandFailure(
      `${layout.mountPoint} holds no corosync.conf and no node runs there; --from DIR reads a copy`,
    );
  }
  return described(layout.mountPoint, isMounted ? directoryReader(layout.mountPoint) : socketReader(layout));
}

async function described(name: string, reader: TreeReader): Promise<ClusterDescription> {
  const cluster = describeCluster(await readTree(reader));
  if ('failure' in cluster) throw new CommandFailure(`${name}: ${cluster.failure}`);
  return cluster;
}

function socketReader(layout: NodeLayout): TreeReader {
  const call = async (method: string, path: string): Promise<unknown> => {
    const result = await callCluster(layout, method, { path });
    return (result as { errno?: number } | null)?.errno === undefined ? result : undefined;
  };
  return {
    list: async (path) =>
      ((await call('file-list', path)) as { name: string }[] | undefined)?.map(({ name }) => name).sort(),
    read: async (path) => {
      const content = await call('file-read', path);
      return typeof content === 'string' ? Buffer.from(content, 'base64').toString('latin1') : undefined;
    },
  };
}

/** No file is longer on pmxcfs. */
const longest_bytes = 1_048_576;

/** Not of a mount that this process serves. */
function directoryReader(directory: string): TreeReader {
  return {
    list: async (path) => namesIn(join(directory, path)),
    read: async (path) => (kindOf(join(directory, path)) === 'file' ? textOf(join(directory, path)) : undefined),
  };
}

/** The machine of a node whose files lie below `root`. */
export function machineAt(root: string): Machine {
  const directory = resolve(root);
  return {
    isWhole: directory === '/',
    now_ms: Date.now(),
    list: (path) => namesIn(join(directory, path)) ?? [],
    read: (path) => {
      const kind = kindOf(join(directory, path));
      return kind === 'other' ? '' : kind === 'file' ? textOf(join(directory, path)) : undefined;
    },
  };
}

function kindOf(path: string): 'file' | 'other' | undefined {
  return quietly(() => {
    const status = statSync(path);
    return status.isFile() && status.size <= longest_bytes ? 'file' : 'other';
  });
}

function namesIn(path: string): readonly string[] | undefined {
  return quietly(() => readdirSync(path).sort());
}

function textOf(path: string): string | undefined {
  return quietly(() => readFileSync(path, 'latin1'));
}

function quietly<Value>(read: () => Value): Value | undefined {
  try {
    return read();
  } catch {
    return undefined;
  }
}
