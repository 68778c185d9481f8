/** A step by state, but for `started` (spec/ha.md §3.7). */
import { EXIT, isMotionPossible, type Step, type StepEffect } from './step.ts';
import { stepStarted } from './step-started.ts';

/** The handler of the resource's state; may change it twice. Then, and after the effect that it asks for, comes `endStep`. */
export function stepResource(step: Step): StepEffect | undefined {
  switch (step.status.state) {
    case 'request_stop':
      stepRequestStop(step);
      return undefined;
    case 'migrate':
    case 'relocate':
    case 'request_start_balance':
      stepMotion(step);
      return undefined;
    case 'request_start':
      stepRequestStart(step);
      return undefined;
    case 'stopped':
      stepStopped(step);
      return undefined;
    case 'started':
      return stepStarted(step);
    case 'freeze':
      if (step.world.lrmMode(step.status.node) === 'active') step.change('LRM_BACK');
      return undefined;
    case 'error':
      if (step.config.state === 'disabled') leave(step, 'CLEARED');
      return undefined;
    case 'recovery':
      return stepRecovery(step);
    case 'fence':
      return undefined;
  }
}

/** The second half of a recovery: the configuration is on `target` now. */
export function finishRecovery(step: Step, target: string): void {
  step.change('RECOVERED', { node: target });
}

/** A restarting LRM must not be given work. */
export function endStep(step: Step): void {
  const { state, node } = step.status;
  const isFreezable = state === 'started' || state === 'stopped' || state === 'request_stop';
  if (isFreezable && step.world.lrmMode(node) === 'restart') step.change('LRM_RESTARTS');
}

function stepRequestStop(step: Step) {
  const { result, sid } = step;
  if (result === undefined) return step.loseNodeIfDelayed();
  if (result === EXIT.success) return step.change('STOP_DONE');
  step.log('err', `service '${sid}' stop failed (exit code ${result})`);
  step.change('STOP_FAILED');
}

function stepMotion(step: Step) {
  const { result, sid } = step;
  const { node, target } = step.status;
  if (result === EXIT.success) return step.change('MOTION_DONE', { node: target ?? '' });
  if (result !== undefined && result !== EXIT.wrongNode && result !== EXIT.ignored) {
    step.log('err', `service '${sid}' - migration failed (exit code ${result})`);
    return step.change('MOTION_FAILED', { node });
  }
  // Neither of these two ends the step: the node is looked at too.
  if (result === EXIT.wrongNode) {
    step.log('err', `service '${sid}' - migration failed: service registered on wrong node!`);
    step.change('WRONG_NODE');
  }
  if (result === EXIT.ignored) {
    step.log('info', `service '${sid}' - rebalance-on-start request ignored - service already running`);
    step.change('MOTION_FAILED', { node });
  }
  step.loseNodeIfDelayed();
}

function stepRequestStart(step: Step) {
  const { sid, world } = step;
  const { node } = step.status;
  if (!world.isRebalancingOnStart) return step.change('PLACED', { node });
  const target = world.select(step.resource, 'best-score');
  const word = target === node ? 'current' : 'new';
  step.log('info', `service ${sid}: re-balance selected ${word} node ${target ?? ''} for startup`);
  if (target === node) step.change('PLACED', { node });
  else step.change('PLACED_ELSEWHERE', { node, target: target ?? null });
}

function stepStopped(step: Step) {
  const { config, sid, world } = step;
  fixLocation(step);
  const { node, cmd } = step.status;
  if (cmd !== undefined) {
    const [verb, target] = cmd;
    if ((verb === 'migrate' || verb === 'relocate') && isMotionPossible(step, verb, target)) {
      return step.change(verb === 'migrate' ? 'MIGRATE' : 'RELOCATE', { node, target });
    }
    if (verb === 'stop') step.log('info', `ignore service '${sid}' stop request - service already stopped`);
    else if (verb !== 'migrate' && verb !== 'relocate') {
      step.log('err', `unknown command '${verb}' for service '${sid}'`);
    }
    step.resource.amend({ cmd: undefined });
  }
  if (config.state === 'disabled') return;
  if (world.delayed(node) && world.nodeState(node) !== 'maintenance') return step.change('NODE_LOST');
  if (config.state === 'stopped') return;
  if (config.state === 'started') step.change('START_WANTED', { node });
  else step.logUnknownConfig();
}

/** A stopped service is where its configuration is. */
function fixLocation(step: Step): void {
  const configured = step.config.node;
  const { node } = step.status;
  if (configured === undefined || configured === node) return;
  step.log('info', `fixup service '${step.sid}' location (${node} => ${configured})`);
  step.resource.amend({ node: configured });
}

function stepRecovery(step: Step): StepEffect | undefined {
  const { sid } = step;
  const fenced = step.status.node;
  const target = step.world.select(step.resource, 'best-score');
  if (target !== undefined) {
    step.log(
      'info',
      target === fenced
        ? `recover service '${sid}' to previous failed and fenced node '${fenced}' again`
        : `recover service '${sid}' from fenced node '${fenced}' to node '${target}'`,
    );
    return { effect: 'recover', target };
  }
  step.log('err', `recovering service '${sid}' from fenced node '${fenced}' failed, no recovery node found`);
  if (step.config.state === 'disabled') leave(step, 'ABANDONED');
  return undefined;
}

/** To `stopped`, with an empty record of failures. */
function leave(step: Step, type: 'CLEARED' | 'ABANDONED'): void {
  if (step.status.failed_nodes !== undefined) step.resource.amend({ failed_nodes: undefined });
  step.change(type);
}
