/**
 * A real node for tests: `pve-actors boot` as a process of its own, on real sockets, disks and mounts.
 *
 * All waits are bounded, and whatever happens to the test the node ends: it ends with its standard input, and `destroy`
 * kills what is left. Nothing here touches the node's mount in this process: use `runBounded`.
 */
import type { ChildProcess } from 'node:child_process';
import { detachMount } from '../../runtime/file-system/mount-table.ts';
import { connectControl } from '../../runtime/ipc/control-client.ts';
import type { ControlOutcome } from '../../runtime/ipc/control-server.ts';
import { readHostFile } from '../../runtime/node/host-files.ts';
import { type NodeLayout, nodeLayout } from '../../runtime/node/layout.ts';
import { leftoversOf, mountsBelow, processesOf } from './leftovers.ts';
import { type CommandResult, type Product, runBounded, runProduct, startProduct } from './product-command.ts';
import { until } from './until.ts';

export interface RealNodeOptions {
  readonly name: string;
  /** Absolute. */
  readonly root: string;
  /** Further flags of `boot`, e.g. `--no-mount`. */
  readonly flags?: readonly string[];
  /** With the daemons of high availability, which take time to start; without it there is only the cluster process. */
  readonly highAvailability?: boolean;
  /** Command prefix, e.g. the one that enters the node's network namespace. */
  readonly enter?: readonly string[];
  readonly cwd?: string;
}

/** The part of `describe` that tests look at. */
export interface NodeDescription {
  readonly pid: number;
  readonly mode: 'local' | 'cluster';
  readonly quorate: boolean;
  readonly ready: boolean;
  readonly leader?: string;
  readonly quorum?: { readonly members: readonly number[] };
  readonly dcdb?: { readonly mode: string };
  readonly database: {
    readonly version: number;
    readonly entries: number;
    readonly error_flag: boolean;
    readonly checksum: string;
  };
  /** Absent from a local node. */
  readonly transport?: {
    readonly peers: readonly {
      readonly nodeid: number;
      readonly links: readonly {
        readonly link: number;
        readonly address: string;
        readonly up: boolean;
        readonly best: boolean;
        readonly sent: number;
        readonly received: number;
      }[];
    }[];
  };
  readonly losing_sides: readonly { readonly id: string; readonly paths: readonly string[] }[];
}

export interface Ended {
  /** null: ended by a signal. */
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

const READY_BOUND_MS = 60_000;
const END_BOUND_MS = 30_000;
const KILL_BOUND_MS = 15_000;
const UNMOUNT_BOUND_MS = 5000;
const OUTPUT_MAX = 1_000_000;

export class RealNode {
  readonly name: string;
  readonly layout: NodeLayout;
  readonly #options: RealNodeOptions;
  #child: ChildProcess | undefined;
  #ended: Ended | undefined;
  #output = '';
  #complaint = '';

  constructor(options: RealNodeOptions) {
    this.#options = options;
    this.name = options.name;
    this.layout = nodeLayout(options.root);
  }

  /** Starts the node, also after its end; `ready` or `ended` waits for what becomes of it. */
  start(moreFlags: readonly string[] = []): this {
    if (this.#child !== undefined && this.#ended === undefined) throw new Error(`${this.name} runs already`);
    const { root, flags = [], highAvailability = false } = this.#options;
    const only = ['--only', highAvailability ? 'cluster,pve-ha-crm,pve-ha-lrm' : 'cluster'];
    const args = ['boot', '--node', this.name, '--root', root, '--until-stdin-ends', ...only, ...flags, ...moreFlags];
    const child = startProduct('pve-actors', args, this.#options);
    this.#child = child;
    this.#ended = undefined;
    const keep = (chunk: string) => {
      this.#output = (this.#output + chunk).slice(-OUTPUT_MAX);
    };
    child.stdout?.setEncoding('utf8').on('data', keep);
    child.stderr?.setEncoding('utf8').on('data', (chunk: string) => {
      keep(chunk);
      this.#complaint = (this.#complaint + chunk).slice(-OUTPUT_MAX);
    });
    child.stdin?.on('error', () => undefined);
    // Not at `exit`: the last words may still be on the way. Its children have no hold on the pipes for long.
    child.once('close', (code, signal) => {
      this.#ended = { code, signal };
    });
    return this;
  }

  /** Standard error of all its lives. */
  get complaint(): string {
    return this.#complaint;
  }

  /** Of the boot process, which leads a process group with all of the node's processes. */
  get pid(): number {
    const pid = this.#child?.pid;
    if (pid === undefined) throw new Error(`${this.name} was not started`);
    return pid;
  }

  get isRunning(): boolean {
    return this.#child !== undefined && this.#ended === undefined;
  }

  /** As when the reader of a pipe goes away. */
  closeOutput(): void {
    this.#child?.stdout?.destroy();
  }

  /** Standard output and standard error of all its lives. */
  get output(): string {
    return this.#output;
  }

  /** Resolves when the start is complete (mount and sockets are open) and the tree is up to date and may be written to. */
  async ready(bound_ms = READY_BOUND_MS): Promise<NodeDescription> {
    await this.serving(bound_ms);
    const whenReady = async () => {
      const state = await this.describe();
      return state?.ready === true && state;
    };
    return this.until('it is ready', whenReady, bound_ms);
  }

  /** Resolves when the start is complete, whether or not the node is quorate. */
  serving(bound_ms = READY_BOUND_MS): Promise<true> {
    // The pid file is the last step of a start; one of an earlier life has another pid.
    const names = (pid: number) => readHostFile(this.layout.bootPidFile)?.toString().trim() === String(pid);
    return this.until('it serves', () => names(this.pid), bound_ms) as Promise<true>;
  }

  /** Waits for a condition; ends early, with the node's output, when the node has ended. */
  until<T>(
    what: string,
    condition: () => T | undefined | false | Promise<T | undefined | false>,
    bound_ms = READY_BOUND_MS,
  ): Promise<T> {
    return until(
      `${this.name}: ${what}`,
      bound_ms,
      () => {
        if (this.#ended !== undefined) throw new Error(`${this.name} has ended, before ${what}: ${this.#output}`);
        return condition();
      },
      () => this.#output,
    );
  }

  /** Waits until the node has written `text` to its log. */
  logged(text: string | RegExp, bound_ms = READY_BOUND_MS): Promise<true> {
    const says = () => (typeof text === 'string' ? this.#output.includes(text) : text.test(this.#output));
    return this.until(`it says ${text}`, says, bound_ms) as Promise<true>;
  }

  /** Waits for the end of the boot process. */
  ended(bound_ms = END_BOUND_MS): Promise<Ended> {
    return until(
      `${this.name} ends`,
      bound_ms,
      () => this.#ended,
      () => this.#output,
    );
  }

  /** What the cluster process says of itself; undefined where it doesn't answer. */
  async describe(): Promise<NodeDescription | undefined> {
    const outcome = await this.call('describe', {}, 2000);
    return 'result' in outcome ? (outcome.result as NodeDescription) : undefined;
  }

  /** One call of the cluster process by its control socket. */
  call(method: string, params: object = {}, deadline_ms = 15_000): Promise<ControlOutcome> {
    return callSocket(this.layout.controlSocket, method, params, deadline_ms);
  }

  /** One call of the boot process by its socket: `actors`, `stop`, `start`, `restart`. */
  callBoot(method: string, params: object = {}, deadline_ms = 30_000): Promise<ControlOutcome> {
    return callSocket(this.layout.bootSocket, method, params, deadline_ms);
  }

  /** Runs a command of the product against this node. */
  command(product: Product, args: readonly string[], input?: string): Promise<CommandResult> {
    return runProduct(product, [...args, '--root', this.layout.root], input === undefined ? {} : { input });
  }

  /** Pid of the cluster process, which serves the mount. */
  async clusterPid(): Promise<number> {
    const { pid } = await this.until('it describes itself', () => this.describe());
    return pid;
  }

  signal(signal: NodeJS.Signals): void {
    process.kill(this.pid, signal);
  }

  async isMounted(): Promise<boolean> {
    return (await mountsBelow(this.layout.mountPoint)).length > 0;
  }

  /** Path on the node's mount. */
  at(path: string): string {
    return `${this.layout.mountPoint}/${path}`;
  }

  /** Reads a file through the mount; undefined where that fails or hangs. */
  async read(path: string, bound_ms = 5000): Promise<string | undefined> {
    const { code, output } = await runBounded('cat', ['--', this.at(path)], { bound_ms });
    return code === 0 ? output : undefined;
  }

  /** Writes a file through the mount; undefined, or the complaint of the shell. */
  async write(path: string, text: string, bound_ms = 10_000): Promise<string | undefined> {
    const script = 'set -e; cat > "$1"';
    const { code, complaint } = await runBounded('sh', ['-c', script, 'sh', this.at(path)], { bound_ms, input: text });
    return code === 0 ? undefined : complaint || `no end within ${bound_ms} ms`;
  }

  /** Ends the node in order; resolves with how it ended, when nothing of it runs any more. */
  async stop(): Promise<Ended> {
    if (this.isRunning) this.signal('SIGTERM');
    const ended = await this.ended();
    await this.#groupGone();
    return ended;
  }

  /** SIGKILL to the boot process alone, as the kernel's out-of-memory killer would; its children end by themselves. */
  async kill(): Promise<void> {
    if (this.isRunning) this.signal('SIGKILL');
    await this.ended();
    await this.#groupGone();
  }

  /** SIGKILL to all of the node at once, as a power failure: stale mount and sockets stay. */
  async powerFailure(): Promise<void> {
    killGroup(this.pid);
    await this.ended();
    await this.#groupGone();
  }

  /** What it has left behind, as sentences; empty after an orderly end. */
  leftovers(): Promise<readonly string[]> {
    return this.#child === undefined ? Promise.resolve([]) : leftoversOf(this.layout, this.pid);
  }

  /** Kills what is left and takes the mount away; for the end of a test, however it went. */
  async destroy(): Promise<void> {
    if (this.#child === undefined) return;
    killGroup(this.pid);
    await this.#groupGone();
    for (const point of await mountsBelow(this.layout.mountPoint)) await detachMount(point, UNMOUNT_BOUND_MS);
  }

  #groupGone(): Promise<true> {
    return until(
      `all processes of ${this.name} are gone`,
      KILL_BOUND_MS,
      () => processesOf(this.pid).length === 0,
      () => this.#output,
    ) as Promise<true>;
  }
}

async function callSocket(path: string, method: string, params: object, deadline_ms: number): Promise<ControlOutcome> {
  const client = await connectControl('the node', path);
  if ('failure' in client) return { error: client.failure };
  try {
    return await client.call(method, params, { deadline_ms });
  } finally {
    client.close();
  }
}

function killGroup(pid: number): void {
  try {
    process.kill(-pid, 'SIGKILL');
  } catch {
    // All of it has ended.
  }
}
