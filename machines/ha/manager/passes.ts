/**
 * The passes of a round over services and nodes, until one changes nothing (spec/ha.md §3.2.15). Steps and attempts to fence that
 * need an answer wait for it; the cursor is `Pass`.
 *
 *  M3  Resources are stepped in the order of their ids, each with the usage that those before it have left (§14.0.9).
 *  M4  A service enters recovery only after the agent lock of its node was obtained in this pass (§16.5).
 */
import { Asking, answerOf, type Next, type Outbox } from '../dialogue.ts';
import { type Preference, selectNode } from '../placement/select-node.ts';
import type { PlacementMessage } from '../placement/usage.ts';
import type { Reply } from '../port.ts';
import { endStep, finishRecovery, stepResource } from '../resource/handlers.ts';
import type { HaResource } from '../resource/resource.ts';
import { Step, type StepEffect, type StepWorld } from '../resource/step.ts';
import type { CompiledRules } from '../rules/compile.ts';
import type { ManagerMemory } from './memory.ts';
import { NodeFencing } from './node-fencing.ts';
import { newPass, type Pass, type Round, split } from './round.ts';

type Phase = 'stop-configured' | 'lock-removed' | 'stolen' | 'victim-fenced' | 'node-fenced';

export interface PassRules {
  readonly compiled: CompiledRules;
  readonly isRebalancingOnStart: boolean;
}

/** Locks that a crashed node may leave in a guest's configuration (§3.7 recovery). */
const LEFTOVER_LOCKS = [
  'backup',
  'mounted',
  'migrate',
  'clone',
  'rollback',
  'snapshot',
  'snapshot-delete',
  'suspending',
  'suspended',
];

const unconfigured = { state: 'disabled' };

export class Passes extends Asking<Phase> {
  readonly #memory: ManagerMemory;
  readonly #round: Round;
  readonly #rules: PassRules;
  readonly #world: StepWorld;
  #pass: Pass;
  /** The step that waits for an effect. */
  #step: Step | undefined;
  #recoveryNode = '';
  #fencing: NodeFencing | undefined;

  constructor(memory: ManagerMemory, round: Round, rules: PassRules, out: Outbox) {
    super(out);
    this.#memory = memory;
    this.#round = round;
    this.#rules = rules;
    this.#world = this.#makeWorld();
    this.#pass = newPass(this.#sids);
    this.#goThrough();
  }

  protected override resume(phase: Phase, reply: Reply): Next {
    switch (phase) {
      case 'stop-configured':
        this.#endStep(this.#step!);
        return this.#goThrough();
      case 'lock-removed':
        return this.#lockRemoved(answerOf(reply) as string | null);
      case 'stolen':
        return this.#stolen(answerOf(reply));
      case 'victim-fenced':
        this.#pass.fenced.set(this.#fencing!.node, this.#fencing!.isFenced);
        return this.#goThrough();
      case 'node-fenced':
        if (this.#fencing!.isFenced) this.#pass.isRepeated = true;
        return this.#goThrough();
    }
  }

  get #sids(): readonly string[] {
    return this.#round.deferred ?? this.#memory.sids;
  }

  /** Goes on with the pass from where it is, as far as it can without an answer. */
  #goThrough(): Next {
    const pass = this.#pass;
    while (pass.steps.length > 0) {
      const [sid, rest] = split(pass.steps);
      pass.steps = rest;
      const effect = this.#stepResource(sid!);
      if (effect !== undefined) return this.#askEffect(effect);
    }
    pass.victims ??= this.#memory.sids;
    if (this.#fenceVictims(pass)) return;
    pass.nodes ??= this.#memory.nodes.names;
    if (this.#fenceNodes(pass)) return;

    if (!pass.isRepeated) return;
    this.#pass = newPass(this.#sids);
    this.#goThrough();
  }

  #stepResource(sid: string): StepEffect | undefined {
    const { configs, results } = this.#round;
    const resource = this.#memory.resource(sid);
    const { state, uid } = resource.status;
    const step = new Step(resource, configs[sid] ?? unconfigured, results[uid ?? '']?.exit_code, this.#world);
    const effect = stepResource(step);
    if (effect === undefined) this.#endStep(step);
    else this.#step = step;
    if (resource.state !== state) this.#pass.isRepeated = true;
    return effect;
  }

  #endStep(step: Step): void {
    endStep(step);
    this.#memory.refresh(step.resource);
    this.#step = undefined;
  }

  #askEffect(effect: StepEffect): Next {
    const { sid } = this.#step!;
    if (effect.effect === 'configure-stopped') {
      return this.ask({ op: 'patchService', sid, set: { state: 'stopped' } }, 'stop-configured');
    }
    this.#recoveryNode = effect.target;
    this.ask({ op: 'removeLock', sid, locks: LEFTOVER_LOCKS }, 'lock-removed');
  }

  #lockRemoved(lock: string | null): void {
    const { sid, status } = this.#step!;
    if (lock !== null) {
      this.log('warning', `removed leftover lock '${lock}' from recovered service '${sid}' to allow its start.`);
    }
    this.ask({ op: 'steal', sid, from: status.node, to: this.#recoveryNode }, 'stolen');
  }

  /** An earlier master, or the node itself before it died, may have moved it: then it is taken over where it is. */
  #stolen(foundOn: unknown): void {
    if (typeof foundOn === 'string') this.#recoveryNode = foundOn;
    const step = this.#step!;
    const { sid } = step;
    const { configs } = this.#round;
    const config = configs[sid];
    if (config !== undefined) configs[sid] = { ...config, node: this.#recoveryNode };
    finishRecovery(step, this.#recoveryNode);
    this.#endStep(step);
    this.#pass.isRepeated = true;
    this.#goThrough();
  }

  /** Attempts to fence the nodes of services in state fence; true while an answer is awaited. */
  #fenceVictims(pass: Pass): boolean {
    while (pass.victims!.length > 0) {
      const [sid, rest] = split(pass.victims!);
      const { node, state } = this.#memory.services[sid!]!;
      if (state !== 'fence') {
        pass.victims = rest;
        continue;
      }
      const isFenced = pass.fenced.get(node);
      if (isFenced === undefined) {
        this.#fencing = new NodeFencing(this.#memory, node, this.#round.at, this.out);
        this.delegate(this.#fencing, 'victim-fenced');
        return true;
      }
      pass.victims = rest;
      if (!isFenced) continue;
      const resource = this.#memory.resource(sid!);
      this.#world.changed(resource, resource.change({ type: 'FENCED', uid: this.#memory.newUid() }));
      pass.isRepeated = true;
    }
    return false;
  }

  #fenceNodes(pass: Pass): boolean {
    while (pass.nodes!.length > 0) {
      const [node, rest] = split(pass.nodes!);
      pass.nodes = rest;
      if (pass.fenced.has(node!) || this.#memory.nodes.state(node!) !== 'fence') continue;
      this.log('notice', `node '${node}' in fence state but no services to-fence! admin interference?!`);
      this.#fencing = new NodeFencing(this.#memory, node!, this.#round.at, this.out);
      this.delegate(this.#fencing, 'node-fenced');
      return true;
    }
    return false;
  }

  #makeWorld(): StepWorld {
    const passes = this;
    return {
      nodeState: (node) => passes.#memory.nodes.state(node),
      delayed: (node) => passes.#memory.nodes.isOffline(node),
      lrmMode: (node) => passes.#round.modes.get(node),
      select: (resource, preference) => passes.#select(resource, preference),
      get isRebalancingOnStart() {
        return passes.#rules.isRebalancingOnStart;
      },
      newUid: () => passes.#memory.newUid(),
      log: (level, text) => passes.log(level, text),
      changed: (resource, line) => {
        passes.#memory.refresh(resource);
        const { usage } = passes.#round;
        usage.remove(resource.sid);
        passes.#logAll(usage.add(resource.sid, resource.status));
        passes.log('info', line);
      },
    };
  }

  #select(resource: HaResource, preference: Preference): string | undefined {
    this.#memory.refresh(resource);
    const { configs, usage } = this.#round;
    const { node, messages, reasons } = selectNode({
      compiled: this.#rules.compiled,
      usage,
      sid: resource.sid,
      failback: configs[resource.sid]?.failback ?? false,
      service: resource.status,
      services: this.#memory.services,
      preference,
    });
    this.#logAll(messages);
    if (node !== resource.status.node) this.out.put({ out: 'decision', sid: resource.sid, reasons });
    return node;
  }

  #logAll(messages: readonly PlacementMessage[]): void {
    for (const { level, text } of messages) this.log(level, text);
  }
}
