/**
 * One VMID as an object: at most one place, a node and a guest type, has its configuration (spec/pmxcfs.md §1.6, §2.7). A move
 * between places is one operation here; only what comes from or goes to an ordinary file is half of a rename.
 */
import { EEXIST, ENOENT } from '../../runtime/file-system/errno.ts';
import type { Model } from './model.ts';

/** The place of the configuration; empty while the VMID is free. */
export type GuestPlace = string;

/** Answers: 0 for any success; a negative errno; of `locate`, the place. `leave` and `enter` are renames to and from elsewhere. */
export type GuestInput = { readonly vmid: number; readonly place: GuestPlace } & (
  | { readonly kind: 'create' | 'write' | 'remove' | 'enter' | 'leave' | 'locate' }
  | { readonly kind: 'move'; readonly to: GuestPlace }
);

const NOWHERE: GuestPlace = '';

export const UNIQUE_VMID: Model<GuestPlace, GuestInput> = {
  name: 'guest',
  keyOf: ({ vmid }) => String(vmid),
  initial: () => NOWHERE,
  apply: (state, input) => {
    const { kind, place } = input;
    const isElsewhere = state !== NOWHERE && state !== place;
    switch (kind) {
      case 'create':
        return state === NOWHERE ? { state: place, answer: 0 } : { state, answer: -EEXIST };
      case 'enter':
        return isElsewhere ? { state, answer: -EEXIST } : { state: place, answer: 0 };
      case 'write':
        if (isElsewhere) return { state, answer: -EEXIST };
        return { state, answer: state === place ? 0 : -ENOENT };
      case 'remove':
      case 'leave':
        return state === place ? { state: NOWHERE, answer: 0 } : { state, answer: -ENOENT };
      case 'move':
        return state === place ? { state: input.to, answer: 0 } : { state, answer: -ENOENT };
      case 'locate':
        return { state, answer: state };
    }
  },
  changesNothing: ({ kind }, answer) => kind === 'locate' || Number(answer) < 0,
  effectKey: (input) => JSON.stringify(input),
  stateKey: (state) => state,
  describeInput: (input) => `${input.kind} ${input.place}${input.kind === 'move' ? ` to ${input.to}` : ''}`.trimEnd(),
  describeState: (state) => (state === NOWHERE ? 'free' : `at ${state}`),
};
