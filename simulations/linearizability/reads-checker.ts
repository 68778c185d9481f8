/**
 * Reads of paths that several clients change, made on every node all the time as a client would make them: they follow the one
 * agreed history (see `NodeReads`). The history is what the first tree to come to a version did then.
 */
import type { CheckerFactory, ObservedNode, Request, TreeChange } from '../checkers/observation.ts';
import type { Answer } from './history.ts';
import { NodeReads } from './node-reads.ts';
import { newestTree, stateIn } from './observed-states.ts';
import { plain } from './request-histories.ts';
import { ABSENT, applyToFile, type FileInput, type FileState } from './single-file.ts';

const READ_BYTES = 1_048_576;
/** So many paths are read in turn; more would only take time. */
const MOST_PATHS = 16;
/** Of one path; each tick reads some of them. */
const TICKS_BETWEEN_READS = 4;

const PROPERTY = {
  rule: 'sequential reads',
  why: 'a program that has read a change must not find later that it was never made',
};

export const nodeReads: CheckerFactory = (view, fail) => {
  // Beyond the promise the losing side of a merge goes back (§10.3 D5).
  if (view.profile !== 'promise') return PROPERTY;
  const requests = new Map<number, Request>();
  const firstClients = new Map<string, string>();
  const contended = new Set<string>();
  const agreed = new AgreedTree();
  const reads = new NodeReads<Answer>();
  const sessions = new Map<number, number>();
  let ticks = 0;

  const sessionOf = ({ nodeid }: ObservedNode): string => `n${nodeid}, session ${sessions.get(nodeid) ?? 0}`;
  const beginSession = ({ nodeid }: ObservedNode): void => {
    sessions.set(nodeid, (sessions.get(nodeid) ?? 0) + 1);
  };
  const read = (node: ObservedNode, path: string): void => {
    const { process } = node;
    if (process === undefined || process.isStopped) return;
    const data = process.node.fileSystem.read(path, 0, READ_BYTES);
    const stale = reads.read(sessionOf(node), path, typeof data === 'number' ? data : data.toString('latin1'));
    if (stale === undefined) return;
    const { value, floor, valueAtFloor } = stale;
    fail(
      `${sessionOf(node)} knows version ${floor}, where '${path}' was ${show(valueAtFloor)}, and reads ${show(value)}`,
    );
  };
  const noteInitial = (path: string): void => {
    const memdb = newestTree(view);
    const state = memdb === undefined ? undefined : stateIn(memdb, path);
    if (agreed.begin(path, state)) reads.agree({ position: 0, key: path, value: contentOf(path, state) });
  };
  const note = (path: string, client: string): void => {
    const first = firstClients.get(path);
    if (first === undefined) {
      firstClients.set(path, client);
      noteInitial(path);
    } else if (first !== client && contended.size < MOST_PATHS) contended.add(path);
  };

  return {
    ...PROPERTY,
    booted: beginSession,
    replaced: (node, { cause }) => {
      // A full disk takes back what was in memory alone.
      if (cause === 'reload') beginSession(node);
    },
    changed: (_node, change) => {
      for (const { path, state } of agreed.take(change, requests)) {
        reads.agree({ position: change.versionAfter, key: path, value: contentOf(path, state) });
      }
    },
    invoked: (request) => {
      requests.set(request.id, request);
      note(plain(request.path), request.client);
      if (request.kind === 'rename') note(plain(request.to), request.client);
    },
    returned: ({ id, nodeid, path, result }) => {
      const node = view.nodes.find((each) => each.nodeid === nodeid);
      if (node === undefined) return;
      const version = agreed.versionOf(id);
      if (result !== undefined && result >= 0 && version !== undefined) reads.acknowledge(sessionOf(node), version);
      if (contended.has(plain(path))) read(node, plain(path));
    },
    tick: () => {
      ticks += 1;
      for (const [at, path] of [...contended].entries()) {
        if ((ticks + at) % TICKS_BETWEEN_READS === 0) for (const node of view.nodes) read(node, path);
      }
    },
  };
};

/** What a read tells; undefined where nobody knows. */
function contentOf(path: string, state: FileState | undefined): Answer | undefined {
  return state === undefined ? undefined : applyToFile(state, { path, kind: 'read' }).answer;
}

interface NewState {
  readonly path: string;
  /** Undefined where nobody knows. */
  readonly state: FileState | undefined;
}

/** The sequential run that all trees make, as far as it can be told from what is seen of it. */
class AgreedTree {
  #version = 0;
  readonly #states = new Map<string, FileState | undefined>();
  /** By request, as far as it has left its mark. */
  readonly #versions = new Map<number, number>();

  versionOf(request: number): number | undefined {
    return this.#versions.get(request);
  }

  /** What was at a path before it was first asked for; false where a change has come before. */
  begin(path: string, state: FileState | undefined): boolean {
    if (this.#states.has(path)) return false;
    this.#states.set(path, state);
    return true;
  }

  /** What a change makes of which paths; nothing where it was refused, or has been seen on another tree before. */
  take(change: TreeChange, requests: ReadonlyMap<number, Request>): readonly NewState[] {
    if (change.result < 0 || change.versionAfter <= this.#version) return [];
    this.#version = change.versionAfter;
    const request = requestOf(change, requests);
    if (request !== undefined) this.#versions.set(request.id, change.versionAfter);
    const made = this.#statesAfter(change, request);
    for (const { path, state } of made) this.#states.set(path, state);
    return made;
  }

  #statesAfter(change: TreeChange, request: Request | undefined): readonly NewState[] {
    const path = plain(change.path);
    const apply = (input: FileInput, state = this.#states.get(path)): NewState => {
      return { path, state: state === undefined ? undefined : applyToFile(state, input).state };
    };
    switch (change.kind) {
      case 'create':
      case 'mkdir':
        return [apply({ path, kind: change.kind }, ABSENT)];
      case 'remove':
        return [{ path, state: ABSENT }];
      case 'rename':
        return [
          { path, state: ABSENT },
          { path: plain(change.detail), state: this.#states.get(path) },
        ];
      case 'write': {
        const written = writtenBy(change, request);
        return [written === undefined ? { path, state: undefined } : apply({ path, ...written })];
      }
      case 'mtime':
        return [];
    }
  }
}

/** The write as an input, if its data can be told: they are short, or known by the mark of their request. */
function writtenBy({ detail, result }: TreeChange, request: Request | undefined) {
  const [offset, truncate] = detail.split(' ', 2);
  if (truncate === 'true' && result === 0) return { kind: 'truncate' as const, size: Number(offset) };
  const data = request?.content;
  if (truncate === 'true' || data?.length !== result) return undefined;
  return { kind: 'write' as const, offset: Number(offset), data };
}

/** By the mark in what it has made: its data, its target, or the new name; what is removed bears the mark of another. */
function requestOf({ kind, path, detail }: TreeChange, requests: ReadonlyMap<number, Request>): Request | undefined {
  if (kind === 'remove' || kind === 'mtime') return undefined;
  const digits = /op#(\d+)#/.exec(kind === 'create' || kind === 'mkdir' ? path : detail)?.[1];
  return digits === undefined ? undefined : requests.get(Number(digits));
}

function show(value: Answer | undefined): string {
  if (value === undefined) return 'unknown';
  return typeof value === 'number' ? 'absent' : `'${value.slice(0, 30)}'`;
}
