/** What-if: what happens in one future, in the words of people who run clusters. Times are seconds since the first act. */

export type Happening =
  | { readonly what: 'act'; readonly text: string }
  | { readonly what: 'refused'; readonly text: string }
  | { readonly what: 'quorum'; readonly node: string; readonly isQuorate: boolean }
  | { readonly what: 'node-down'; readonly node: string; readonly how: 'power' | 'reset' | 'shutdown' }
  | { readonly what: 'node-up'; readonly node: string }
  | { readonly what: 'watchdog-warned'; readonly node: string }
  | { readonly what: 'master'; readonly node: string }
  | { readonly what: 'node-state'; readonly node: string; readonly to: string }
  /** By a fence device. */
  | { readonly what: 'cut'; readonly node: string }
  | { readonly what: 'fenced'; readonly node: string }
  | {
      readonly what: 'recovered';
      readonly sid: string;
      readonly from: string;
      readonly to: string;
      readonly why: string;
    }
  | { readonly what: 'no-room'; readonly sid: string; readonly from: string; readonly why: string }
  | {
      readonly what: 'moving';
      readonly sid: string;
      readonly verb: string;
      readonly from: string;
      readonly to: string;
      readonly why: string;
    }
  | { readonly what: 'started'; readonly sid: string; readonly node: string }
  | { readonly what: 'stopped'; readonly sid: string; readonly node: string }
  | { readonly what: 'lost'; readonly sid: string; readonly node: string }
  | { readonly what: 'obstacle'; readonly sid: string; readonly node: string; readonly why: string }
  | { readonly what: 'error'; readonly sid: string }
  | { readonly what: 'twice'; readonly sid: string; readonly nodes: string }
  | { readonly what: 'remark'; readonly text: string };

export interface TimedHappening {
  readonly at_s: number;
  readonly happening: Happening;
}

/** The same in another phase, whenever it is there. Why a node was chosen is no part of it. */
export function sameness(happening: Happening): string {
  return JSON.stringify({ ...happening, why: undefined });
}

export interface ServiceEnd {
  readonly sid: string;
  /** Requested state at the end. */
  readonly wanted: string;
  readonly began: string | undefined;
  readonly runsOn: readonly string[];
  /** The manager's word. */
  readonly state: string;
  /** From when it did not run though it was wanted, to when it did again; undefined: to the end. */
  readonly gaps: readonly { readonly from_s: number; readonly to_s: number | undefined }[];
}

export interface Future {
  readonly happenings: readonly TimedHappening[];
  readonly services: readonly ServiceEnd[];
  /** Nodes that were reset by their watchdog, or that a master fenced. */
  readonly reset: readonly string[];
  readonly fenced: readonly string[];
  /** Guests that HA doesn't manage, and that ran at the beginning and don't at the end. */
  readonly unmanagedDown: readonly string[];
  readonly upAtEnd: readonly string[];
  readonly quorateAtEnd: readonly string[];
  /** Nothing was left to happen. */
  readonly isSettled: boolean;
  readonly end_s: number;
  /** Seconds that went before the first act, until the cluster was at rest. */
  readonly warmup_s: number;
}
