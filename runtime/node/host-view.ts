/** The machine as the API shows it: files of the kernel, files of the node below its root, programs, and figures. */
import { readFileSync, readlinkSync, statfsSync } from 'node:fs';
import { stat } from 'node:fs/promises';
import { arch, cpus, freemem, loadavg, release, totalmem, uptime, version } from 'node:os';
import { join } from 'node:path';
import { replaceByLink, replaceHostFile } from './host-files.ts';
import { type CommandResult, runProgram } from './run-command.ts';

export interface HostFacts {
  /** Of the last 1, 5 and 15 minutes. */
  readonly loadavg: readonly number[];
  readonly cpus: { readonly count: number; readonly model: string; readonly mhz: number };
  /** Bytes. */
  readonly memory: { readonly total: number; readonly free: number };
  readonly uptime_s: number;
  readonly kernel: {
    readonly sysname: string;
    readonly release: string;
    readonly version: string;
    readonly machine: string;
  };
  /** Bytes. */
  readonly rootfs: { readonly total: number; readonly used: number; readonly avail: number };
}

export interface HostView {
  /** A file of the kernel or the system, e.g. `/proc/uptime`; undefined where it can't be read. */
  readSystem(path: string): string | undefined;
  /** A file of the node, by its absolute path on a real node. */
  read(path: string): string | undefined;
  replace(path: string, content: string): void;
  /** Puts a symbolic link at a path of the node. */
  replaceLink(path: string, target: string): void;
  /** Seconds since 1970 of the last change of a file by its real path; undefined where it can't be known. */
  modified(path: string): Promise<number | undefined>;
  run(program: string, args: readonly string[]): Promise<CommandResult>;
  /** Where a link of the system leads. */
  linkTarget(path: string): string | undefined;
  facts(): HostFacts;
}

export function createHostView(root: string): HostView {
  const textOf = (path: string): string | undefined => {
    try {
      return readFileSync(path, 'utf8');
    } catch {
      return undefined;
    }
  };
  return {
    readSystem: textOf,
    read: (path) => textOf(join(root, path)),
    replace: (path, content) => replaceHostFile(join(root, path), Buffer.from(content), 0o644),
    replaceLink: (path, target) => replaceByLink(join(root, path), target),
    modified: async (path) => {
      try {
        return Math.floor((await stat(path)).mtimeMs / 1000);
      } catch {
        return undefined;
      }
    },
    run: (program, args) => runProgram(program, args),
    linkTarget: (path) => {
      try {
        return readlinkSync(path);
      } catch {
        return undefined;
      }
    },
    facts: () => hostFacts(root),
  };
}

function hostFacts(root: string): HostFacts {
  const processors = cpus();
  const { blocks, bavail, bfree, bsize } = statfsSync(root);
  const machine = { x64: 'x86_64', arm64: 'aarch64' }[arch() as string] ?? arch();
  return {
    loadavg: loadavg(),
    cpus: { count: processors.length, model: processors[0]?.model ?? '', mhz: processors[0]?.speed ?? 0 },
    memory: { total: totalmem(), free: freemem() },
    uptime_s: Math.floor(uptime()),
    kernel: { sysname: 'Linux', release: release(), version: version(), machine },
    rootfs: { total: blocks * bsize, used: (blocks - bfree) * bsize, avail: bavail * bsize },
  };
}
