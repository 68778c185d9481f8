/**
 * A step of a schedule: an act, a request, a wait or an expectation. Steps are taken one after the other; `at_ms` keeps a step back
 * until that instant of virtual time. All of it is plain JSON data.
 */
import type { RequestKind } from '../checkers/observation.ts';
import type { Act } from '../cluster/act.ts';
import type { Fields, Values } from './fields.ts';

/** Where none are named, all of the cluster. */
const ofNodes = { nodes: 'nodes?' } as const;

/** What may be expected of a cluster. */
export const CONDITION_FIELDS = {
  /** They run in one quorate ring, both replicas are synced among them alone, and nothing waits. */
  settled: ofNodes,
  /** Each writer got something done since the expectation began. */
  progress: {},
  /** No request waits for an answer, and no client is in the middle of something. */
  answered: {},
  quorate: ofNodes,
  'not-quorate': ofNodes,
  /** Each of them accepts changes: quorate, and its tree is up to date. */
  ready: ofNodes,
  'not-ready': ofNodes,
  down: ofNodes,
  /** Each of them sees exactly these nodes in its ring. */
  ring: ofNodes,
  /** All that are quorate, and in the tree's group, follow this leader. */
  leader: { node: 'node' },
  'same-tree': ofNodes,
  /** The node writes a log line that begins so, from now on; asked every millisecond. */
  logged: { node: 'node', line: 'text' },
  file: { ...ofNodes, path: 'text', content: 'text' },
  'no-file': { ...ofNodes, path: 'text' },
  /** High availability: all machines have power, nothing of them stands still or is about to change, and the cluster is settled. */
  'ha-calm': {},
  /** Every service that may run runs, on one machine. */
  'services-run': {},
  /** The guest runs there, and nowhere else. */
  runs: { node: 'node', sid: 'text' },
  'runs-nowhere': { sid: 'text' },
  'powered-off': ofNodes,
  /** The CRM of this node, and of no other, is master. */
  master: { node: 'node' },
  /** As the newest tree has it in the manager's status. */
  service: { sid: 'text', state: 'text' },
  'node-state': { node: 'node', state: 'text' },
  /** `disarming`, `disarmed`, or `armed`. */
  armed: { state: 'text' },
} as const satisfies Readonly<Record<string, Fields>>;

export type ConditionName = keyof typeof CONDITION_FIELDS;

export type ConditionParameters = { readonly [N in ConditionName]: Values<(typeof CONDITION_FIELDS)[N]> };

export type Condition = {
  readonly [N in ConditionName]: { readonly is: N } & ConditionParameters[N];
}[ConditionName];

/** Undefined when a condition is met, else a sentence. */
export type Judge = () => string | undefined;

const onPath = { node: 'node', path: 'text' } as const;

/** A client's call on the mount of a node. */
export const REQUEST_FIELDS = {
  create: onPath,
  /** The whole content. */
  write: { ...onPath, content: 'text' },
  truncate: { ...onPath, size: 'number' },
  mkdir: onPath,
  unlink: onPath,
  rmdir: onPath,
  rename: { ...onPath, to: 'text' },
  /** Seconds since 1970. */
  mtime: { ...onPath, mtime: 'number' },
} as const satisfies Readonly<Record<RequestKind, Fields>>;

export type ScriptedRequest = {
  readonly [N in RequestKind]: { readonly request: N } & Values<(typeof REQUEST_FIELDS)[N]>;
}[RequestKind];

/** The steps of the run itself. */
export const STAGE_FIELDS = {
  /** The workload begins; `clients`: only these of it. */
  load: { clients: 'words?' },
  /** No client begins anything more. */
  calm: {},
  wait: { wait_ms: 'number' },
  /** All nodes are at rest: the checkers compare what should be equal then. */
  quiet: {},
} as const satisfies Readonly<Record<string, Fields>>;

export type StageName = keyof typeof STAGE_FIELDS;

export type StageParameters = { readonly [N in StageName]: Values<(typeof STAGE_FIELDS)[N]> };

type StageStep = { readonly [N in StageName]: { readonly stage: N } & StageParameters[N] }[StageName];

/** Goes on when the condition is met; after `within_ms` the run has failed. 0: it must hold now. */
export interface ExpectStep {
  readonly expect: Condition;
  readonly within_ms: number;
}

/** `by` names the fault that an act belongs to, e.g. `crash 3`: its class and number. */
export type ActStep = Act & { readonly by?: string };

interface Placed {
  /** Not before this instant; from the start of the world. */
  readonly at_ms?: number;
}

export type Step = (ActStep | ScriptedRequest | StageStep | ExpectStep) & Placed;

/** A step as it was taken. */
export type TakenStep = Step & { readonly at_ms: number };
