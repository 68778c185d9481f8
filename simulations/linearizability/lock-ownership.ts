/**
 * One lock as an object (spec/pmxcfs.md §2.6, §9.7): free, or held by a node since its last change. It expires by itself
 * more than 120 s after that. Whether anybody has asked for it is not looked at: that could only forbid more.
 */
import { EACCES, EEXIST, ENOENT } from '../../runtime/file-system/errno.ts';
import type { Model } from './model.ts';

/** Of 120 s, as a clock sees it that runs fast by 2 per cent. */
const LIFETIME_MS = 117_600;

/** Undefined while it is free. */
export type LockState = { readonly nodeid: number; readonly changed_ms: number } | undefined;

/** mkdir, rmdir, times set to now or to 0, and a look whether it is there. */
export interface LockInput {
  readonly kind: 'acquire' | 'release' | 'renew' | 'ask-for-unlock' | 'look';
  readonly path: string;
  readonly nodeid: number;
}

export const LOCK_OWNERSHIP: Model<LockState, LockInput> = {
  name: 'lock',
  keyOf: ({ path }) => path,
  initial: () => undefined,
  apply: (state, { kind, nodeid }, invoked_ms) => {
    if (kind === 'acquire') {
      if (state !== undefined) return { state, answer: -EEXIST };
      // It may have been made later, never earlier: so it is never too young for a true expiry.
      return { state: { nodeid, changed_ms: invoked_ms }, answer: 0 };
    }
    if (state === undefined) return { state, answer: -ENOENT };
    switch (kind) {
      case 'release':
        // Any root process may.
        return { state: undefined, answer: 0 };
      case 'renew': {
        if (state.nodeid !== nodeid) return { state, answer: -EACCES };
        return { state: { nodeid, changed_ms: Math.max(state.changed_ms, invoked_ms) }, answer: 0 };
      }
      case 'ask-for-unlock':
        return { state, answer: -EACCES };
      case 'look':
        return { state, answer: 0 };
    }
  },
  changesNothing: ({ kind }, answer) => kind === 'look' || Number(answer) < 0,
  drift: (state) => (state === undefined ? undefined : { state: undefined, after_ms: state.changed_ms + LIFETIME_MS }),
  effectKey: ({ kind, nodeid }, invoked_ms) => (kind === 'release' ? kind : `${kind} ${nodeid} ${invoked_ms}`),
  stateKey: (state) => (state === undefined ? 'free' : `${state.nodeid} ${state.changed_ms}`),
  describeInput: ({ kind, nodeid }) => `${kind} by n${nodeid}`,
  describeState: (state) =>
    state === undefined ? 'free' : `held by n${state.nodeid}, changed at ${(state.changed_ms / 1000).toFixed(3)} s`,
};
