/** Histories for tests: from a sequential run whose operations then get longer, and so overlap. */
import fc from 'fast-check';
import type { Operation } from './history.ts';
import type { Model } from './model.ts';

/** How one operation of the run goes. Times are in steps of the run. */
export interface Course<Input> {
  readonly input: Input;
  /** How much earlier than it took effect it was invoked. */
  readonly lead: number;
  /** How much later it returned. */
  readonly lag: number;
  /** `lost`: it took effect, and nobody was told; `void`: it had no effect, and nobody was told. */
  readonly fate: 'answered' | 'lost' | 'void';
}

const ANSWERED = 'answered' as const;
const FATES = {
  none: [ANSWERED],
  some: [...Array<typeof ANSWERED>(8).fill(ANSWERED), 'lost', 'void'],
  many: [ANSWERED, ANSWERED, 'lost', 'lost', 'void'],
} as const;

const STEP_MS = 1000;

/** Courses with overlaps up to `overlap` steps in each direction. */
export function courses<Input>(
  input: fc.Arbitrary<Input>,
  {
    overlap,
    length,
    unanswered,
  }: { readonly overlap: number; readonly length: number; readonly unanswered: keyof typeof FATES },
): fc.Arbitrary<readonly Course<Input>[]> {
  const span = fc.double({ min: 0, max: overlap, noNaN: true });
  return fc.array(fc.record({ input, lead: span, lag: span, fate: fc.constantFrom(...FATES[unanswered]) }), {
    maxLength: length,
  });
}

/** The history of a run of one model; linearizable by the way it is made. */
export function historyOf<State, Input>(
  model: Model<State, Input>,
  run: readonly Course<Input>[],
): readonly Operation<Input>[] {
  const states = new Map<string, State>();
  const timed = run.map(({ input, lead, lag, fate }, at) => {
    const invoked_ms = (at + 1 - lead) * STEP_MS;
    const returned_ms = (at + 1 + lag) * STEP_MS;
    const key = model.keyOf(input);
    const { state, answer } = model.apply(states.get(key) ?? model.initial(key), input, invoked_ms);
    if (fate !== 'void') states.set(key, state);
    return {
      id: at + 1,
      input,
      invoked_ms,
      answered: fate === 'answered' ? { time_ms: returned_ms, answer } : undefined,
    };
  });
  return inOrder(timed);
}

type Timed<Input> = Pick<Operation<Input>, 'id' | 'input' | 'invoked_ms'> & {
  readonly answered: { readonly time_ms: number; readonly answer: number | string } | undefined;
};

/** Gives events their places by time; at one time invocations come first, so that such operations overlap. */
export function inOrder<Input>(timed: readonly Timed<Input>[]): readonly Operation<Input>[] {
  const events = timed.flatMap(({ invoked_ms, answered }, index) => [
    { index, isReturn: false, time_ms: invoked_ms },
    ...(answered === undefined ? [] : [{ index, isReturn: true, time_ms: answered.time_ms }]),
  ]);
  events.sort((a, b) => a.time_ms - b.time_ms || Number(a.isReturn) - Number(b.isReturn));
  const invokedAt = new Map<number, number>();
  const returnedAt = new Map<number, number>();
  for (const [place, { index, isReturn }] of events.entries()) (isReturn ? returnedAt : invokedAt).set(index, place);
  return timed.map(({ id, input, invoked_ms, answered }, index) => ({
    id,
    client: `c${id}`,
    input,
    invokedAt: invokedAt.get(index)!,
    invoked_ms,
    returned: answered === undefined ? undefined : { at: returnedAt.get(index)!, ...answered },
  }));
}
