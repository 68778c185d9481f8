/**
 * §13.2.1 and §10.4 as clients see them: the requests of a run, with a look at every path at the end, are linearizable. Holds within
 * the promise; beyond it acknowledged changes may be lost (§10.3 D5).
 */
import type { Memdb } from '../../machines/pmxcfs/tree/memdb.ts';
import { ENOENT } from '../../runtime/file-system/errno.ts';
import type { CheckerFactory } from '../checkers/observation.ts';
import { type Bounds, checkHistory, USUAL_BOUNDS } from './check-history.ts';
import type { Answer, Operation } from './history.ts';
import { LOCK_OWNERSHIP, type LockInput } from './lock-ownership.ts';
import type { Model } from './model.ts';
import { newestTree, stateIn } from './observed-states.ts';
import { fileHistory, guestAt, guestHistory, lockHistory, plain, type RecordedRequest } from './request-histories.ts';
import { ABSENT, type FileInput, type FileState, singleFile } from './single-file.ts';
import { type GuestInput, UNIQUE_VMID } from './unique-vmid.ts';

export interface LinearizabilitySettings {
  readonly bounds: Bounds;
  /** Called where the bounds were too low to tell. */
  readonly undecided: (reason: string) => void;
}

interface Look<Input> {
  readonly input: Input;
  readonly answer: Answer;
}

const PROPERTY = {
  rule: 'linearizability',
  why: 'two clients that talk to each other must not find that what one was told contradicts what the other was told',
};

/** The look at what is there after all requests. */
const LAST = { id: 0, client: 'at the end' };

export function createLinearizability({ bounds, undecided }: LinearizabilitySettings): CheckerFactory {
  return (view, fail) => {
    if (view.profile !== 'promise') return PROPERTY;
    const records = new Map<number, RecordedRequest>();
    /** What was at a path when it was first asked for. */
    const initial = new Map<string, FileState>();
    let events = 0;

    const noteInitial = (path: string): void => {
      const memdb = newestTree(view);
      if (!initial.has(path) && memdb !== undefined) initial.set(path, stateIn(memdb, path));
    };
    const check = <State, Input>(model: Model<State, Input>, history: readonly Operation<Input>[]): void => {
      const verdict = checkHistory(model, history, bounds);
      if (verdict.verdict === 'violation') fail(verdict.drawing);
      else if (verdict.verdict === 'undecided') undecided(`${model.name}: ${verdict.reason}`);
    };
    /** `history`, and one more operation for each of its keys. */
    const withLooks = <State, Input>(
      model: Model<State, Input>,
      history: readonly Operation<Input>[],
      look: (some: Input) => Look<Input>,
    ): readonly Operation<Input>[] => {
      const keys = new Map(history.map(({ input }) => [model.keyOf(input), input]));
      const looks = [...keys.values()].map((some) => {
        const { input, answer } = look(some);
        const returned = { at: events + 1, time_ms: view.now_ms, answer };
        return { ...LAST, input, invokedAt: events, invoked_ms: view.now_ms, returned };
      });
      return [...history, ...looks];
    };

    return {
      ...PROPERTY,
      invoked: (request) => {
        records.set(request.id, { request, invokedAt: events++, returnedAt: undefined });
        noteInitial(plain(request.path));
        if (request.kind === 'rename') noteInitial(plain(request.to));
      },
      returned: ({ id }) => {
        const record = records.get(id);
        if (record !== undefined) record.returnedAt = events++;
      },
      quiet: () => {
        const memdb = newestTree(view);
        if (memdb === undefined) return;
        const all = [...records.values()];
        const files = singleFile((path) => initial.get(path) ?? ABSENT);
        const filesWithLooks = withLooks(files, fileHistory(all), ({ path }): Look<FileInput> => {
          const state = stateIn(memdb, path);
          if (state.kind === 'file') return { input: { path, kind: 'read' }, answer: state.content };
          return { input: { path, kind: 'stat' }, answer: state.kind };
        });
        check(files, filesWithLooks);
        const locks = withLooks(LOCK_OWNERSHIP, lockHistory(all), ({ path, nodeid }): Look<LockInput> => {
          const answer = memdb.lookup(path) === undefined ? -ENOENT : 0;
          return { input: { kind: 'look', path, nodeid }, answer };
        });
        check(LOCK_OWNERSHIP, locks);
        const places = guestPlaces(memdb);
        const guests = withLooks(UNIQUE_VMID, guestHistory(all), ({ vmid }): Look<GuestInput> => {
          return { input: { vmid, place: '', kind: 'locate' }, answer: (places.get(vmid) ?? []).join(', ') };
        });
        check(UNIQUE_VMID, guests);
      },
    };
  };
}

/** Says nothing where it can't decide. */
export const linearizability: CheckerFactory = createLinearizability({ bounds: USUAL_BOUNDS, undecided: () => {} });

function guestPlaces(memdb: Memdb): ReadonlyMap<number, readonly string[]> {
  const places = new Map<number, string[]>();
  for (const entry of memdb.entries()) {
    if (!entry.name.endsWith('.conf')) continue;
    const guest = guestAt(memdb.pathOf(entry));
    if (guest !== undefined) places.set(guest.vmid, [...(places.get(guest.vmid) ?? []), guest.place]);
  }
  return places;
}
