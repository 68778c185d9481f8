/** A step in state started (spec/ha.md §3.7): watch the node, obey commands, judge starts, find the right node. */
import type { Preference } from '../placement/select-node.ts';
import { EXIT, isMotionPossible, type Step, type StepEffect } from './step.ts';

export function stepStarted(step: Step): StepEffect | undefined {
  const { config, world } = step;
  const { node } = step.status;
  if (world.nodeState(node) !== 'online') {
    if (world.delayed(node)) step.change('NODE_LOST');
    // A node in maintenance ends nothing, not even after the change to fence: it may be left by moving away.
    if (world.nodeState(node) !== 'maintenance') return undefined;
    step.resource.amend({ maintenance_node: node });
  }
  if (config.state === 'disabled' || config.state === 'stopped') {
    step.change('STOP_WANTED');
    return undefined;
  }
  if (config.state !== 'started') {
    step.logUnknownConfig();
    return undefined;
  }
  if (step.status.cmd !== undefined) return obey(step, step.status.cmd);
  const preference = judgeResult(step);
  if (preference !== undefined) place(step, preference);
  return undefined;
}

function obey(step: Step, [verb, argument]: readonly [string, string]): StepEffect | undefined {
  const { sid } = step;
  const { node } = step.status;
  if (verb === 'migrate' || verb === 'relocate') {
    if (isMotionPossible(step, verb, argument)) {
      step.log('info', `${verb} service '${sid}' to node '${argument}'`);
      step.change(verb === 'migrate' ? 'MIGRATE' : 'RELOCATE', { node, target: argument });
      return undefined;
    }
  } else if (verb === 'stop') {
    step.log(
      'info',
      Number(argument) === 0
        ? `request immediate service hard-stop for service '${sid}'`
        : `request graceful stop with timeout '${argument}' for service '${sid}'`,
    );
    step.change('STOP_WANTED', { timeout: argument });
    return { effect: 'configure-stopped' };
  } else {
    step.log('err', `unknown command '${verb}' for service '${sid}'`);
  }
  step.resource.amend({ cmd: undefined });
  return undefined;
}

/** What the last start says about where to run next; undefined where the service was given up. */
function judgeResult(step: Step): Preference | undefined {
  const { config, result, sid } = step;
  const { node, failed_nodes: failedBefore } = step.status;
  if (result === undefined) return 'none';
  if (result === EXIT.success) {
    if (failedBefore !== undefined) {
      const list = failedBefore.join(', ');
      step.log('info', `relocation policy successful for '${sid}' on node '${node}', failed nodes: ${list}`);
    }
    if (failedBefore !== undefined || step.status.running !== 1) {
      step.resource.amend({ failed_nodes: undefined, running: 1 });
    }
    return 'none';
  }
  const failed_nodes = [...(failedBefore ?? []), node];
  if (result !== EXIT.error && result !== EXIT.wrongNode) {
    step.resource.amend({ failed_nodes });
    step.log('err', `service '${sid}' got unrecoverable error (exit code ${result})`);
    step.change('GIVEN_UP');
    return undefined;
  }
  step.resource.amend({ failed_nodes, running: undefined });
  if (failed_nodes.length <= (config.max_relocate ?? 0)) {
    step.log('warning', `starting service ${sid} on node '${node}' failed, relocating service.`);
    return 'try-next';
  }
  const list = failed_nodes.join(', ');
  step.log('err', `recovery policy for service ${sid} failed, entering error state. Failed nodes: ${list}`);
  step.change('GIVEN_UP');
  return undefined;
}

function place(step: Step, preference: Preference) {
  const { node } = step.status;
  const selected = step.world.select(step.resource, preference);
  if (selected !== undefined && selected !== node) return move(step, selected);
  stay(step, preference, selected);
}

function move(step: Step, target: string): void {
  const { sid } = step;
  const { node, maintenance_node: fallback } = step.status;
  if (fallback !== undefined && target === fallback) {
    step.log('info', `moving service '${sid}' back to '${fallback}', node came back from maintenance.`);
    step.resource.amend({ maintenance_node: undefined });
  } else if (fallback !== undefined && node !== fallback) {
    step.log('info', `dropping maintenance fallback node '${fallback}' for '${sid}'`);
    step.resource.amend({ maintenance_node: undefined });
  }
  const isVm = sid.startsWith('vm:');
  step.log(
    'info',
    isVm ? `migrate service '${sid}' to node '${target}' (running)` : `relocate service '${sid}' to node '${target}'`,
  );
  step.change(isVm ? 'MIGRATE' : 'RELOCATE', { node, target });
}

function stay(step: Step, preference: Preference, selected: string | undefined): void {
  const { sid, world } = step;
  const { node, maintenance_node: fallback, failed_nodes } = step.status;
  if (preference === 'try-next' && selected === undefined) {
    const tried = (failed_nodes ?? []).join(', ');
    step.log(
      'warning',
      `Start Error Recovery: Tried all available nodes for service '${sid}', retry start on current node. Tried nodes: ${tried}`,
    );
  }
  const isStale = fallback !== undefined && fallback === node && world.nodeState(node) === 'online';
  if (isStale) {
    step.log('info', `service '${sid}': clearing stale maintenance node '${fallback}' setting (is current node)`);
  }
  const uid = step.result === undefined ? undefined : world.newUid();
  if (!isStale && uid === undefined) return;
  step.resource.amend({ ...(isStale && { maintenance_node: undefined }), ...(uid !== undefined && { uid }) });
}
