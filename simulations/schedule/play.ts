/** Takes the steps of a run: those that a seed's run draws, those of a schedule, those of a scenario. */
import { perform } from '../cluster/acts.ts';
import { RunEnded } from '../cluster/run-ended.ts';
import { judgeOf } from './conditions.ts';
import type { Stage } from './stage.ts';
import type { ExpectStep, ScriptedRequest, StageName, StageParameters, Step } from './step.ts';

/** Rule that is violated when what must come in time doesn't. */
export const LIVENESS = 'liveness';
/** Rule that is violated when what a scenario says of a moment isn't so. */
export const EXPECTATION = 'expectation';

/** An expectation is asked after so often. */
const GRAIN_MS = 500;
const FINE_GRAIN_MS = 1;

const STAGE: { readonly [N in StageName]: (stage: Stage, parameters: StageParameters[N]) => void } = {
  load: ({ workload }, { clients }) => workload.start(clients),
  calm: ({ workload }) => workload.stop(),
  wait: ({ world }, { wait_ms }) => world.runUntil(world.now_ms + wait_ms),
  quiet: ({ world }) => {
    world.trace.write(0, 'world', 'quiet', world.network.counters);
    world.observers.tell('quiet');
  },
};

/** Takes one step, when its time has come. Throws `RunEnded` where it shows that the run has failed. */
export function take(stage: Stage, { at_ms = 0, ...step }: Step): void {
  const { world } = stage;
  if (at_ms > world.now_ms) world.runUntil(at_ms);
  if ('act' in step) {
    const { by, ...act } = step;
    perform(world, act, by);
    return;
  }
  world.script.push({ ...step, at_ms: world.now_ms });
  world.trace.write(0, 'script', 'step', step);
  if ('request' in step) ask(stage, step);
  else if ('expect' in step) expect(stage, step);
  else {
    const { stage: name, ...parameters } = step;
    (STAGE[name] as (stage: Stage, parameters: object) => void)(stage, parameters);
  }
}

function expect(stage: Stage, { expect: condition, within_ms }: ExpectStep): void {
  const { world } = stage;
  const judge = judgeOf(stage, condition);
  const grain_ms = condition.is === 'logged' ? FINE_GRAIN_MS : GRAIN_MS;
  if (world.runWhile(() => judge() === undefined, within_ms, grain_ms)) return;
  const time = within_ms === 0 ? '' : `after ${within_ms / 1000} s `;
  world.observers.fail(within_ms === 0 ? EXPECTATION : LIVENESS, `${time}${judge()}`);
  throw new RunEnded();
}

function ask({ world }: Stage, { request: kind, node, ...rest }: ScriptedRequest): void {
  const client = `script-${world.requests + 1}`;
  const isAsked = world.request(
    client,
    node,
    () => ({ kind, ...rest }),
    () => {},
  );
  if (!isAsked) world.observers.fail(EXPECTATION, `nothing answers on n${node}, where '${rest.path}' was asked for`);
}
