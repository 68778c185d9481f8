/**
 * What xstate's inspection tells of one actor, as steps: an event, the states around it, what changed in the context, the
 * effects that were asked for and the transitions that were taken. For traces and for coverage; costs nothing where nobody looks.
 */
import type { AnyStateNode, AnyTransitionDefinition, InspectionEvent } from 'xstate';
import type { Trace } from './trace.ts';

export interface MachineStep {
  readonly event: { readonly type: string };
  /** null before the first step. */
  readonly before: unknown;
  readonly after: unknown;
  readonly changed: { readonly [key: string]: unknown };
  readonly effects: readonly { readonly type: string; readonly params: unknown }[];
  readonly transitions: readonly AnyTransitionDefinition[];
}

export interface StepListener {
  /** An event was sent to the machine; perhaps from inside of a step, then it waits. */
  sent?(): void;
  /** A step begins: its first effect follows, or its end. */
  begins(): void;
  /** The step is over; its effects that are no business of the machine's host have happened. */
  ended(step: MachineStep): void;
}

export type Inspector = (inspection: InspectionEvent) => void;

/** The option for `createActor`, or none. */
export function inspectedBy(inspect: Inspector | undefined): { readonly inspect?: Inspector } {
  return inspect === undefined ? {} : { inspect };
}

interface Snapshot {
  readonly value?: unknown;
  readonly context?: { readonly [key: string]: unknown };
}

/** An `inspect` option of `createActor`; of an actor that spawns others it tells the spawner's steps alone. */
export function machineSteps({ sent, begins, ended }: StepListener): Inspector {
  let before: Snapshot = {};
  let hasBegun = false;
  let effects: { type: string; params: unknown }[] = [];
  let transitions: AnyTransitionDefinition[] = [];
  return (inspection) => {
    if ((inspection.actorRef as { readonly sessionId?: string }).sessionId !== inspection.rootId) return;
    switch (inspection.type) {
      case '@xstate.event':
        sent?.();
        return;
      case '@xstate.microstep':
        transitions.push(...inspection._transitions);
        return;
      case '@xstate.action': {
        if (!hasBegun) begins();
        hasBegun = true;
        const { type, params } = inspection.action;
        if (!type.startsWith('xstate.')) effects.push({ type, params });
        return;
      }
      case '@xstate.snapshot': {
        // The end of the actor is no event of its machine.
        if (inspection.event.type === 'xstate.stop') return;
        if (!hasBegun) begins();
        const after = inspection.snapshot as Snapshot;
        const step: MachineStep = {
          event: inspection.event,
          before: before.value ?? null,
          after: after.value ?? null,
          changed: changedKeys(before.context, after.context),
          effects,
          transitions,
        };
        before = after;
        hasBegun = false;
        effects = [];
        transitions = [];
        ended(step);
      }
    }
  };
}

/** A listener that writes each step as a record. An event that waited is caused by what was current when it was sent. */
export function tracedSteps(
  trace: Trace,
  { node, actor, machine }: { readonly node: string; readonly actor: string; readonly machine: string },
  then: (step: MachineStep, sequence: number) => void = () => {},
): StepListener {
  const causes: number[] = [];
  let sequence = 0;
  return {
    sent: () => void causes.push(trace.current),
    begins: () => {
      sequence = trace.begin(causes.shift());
    },
    ended: (step) => {
      const { event, before, after, changed, effects } = step;
      trace.end(sequence, { kind: 'machine', node, actor, machine, event, before, after, changed, effects });
      then(step, sequence);
    },
  };
}

/** A transition in the machine's own words: `gather JOIN [joinAgrees]`, `commit TOKEN_LOSS → gather`. */
export function transitionName({ source, eventType, guard, target }: AnyTransitionDefinition): string {
  const parts = [stateName(source), eventType === '' ? 'always' : eventType];
  if (guard !== undefined) parts.push(`[${guardName(guard)}]`);
  if (target !== undefined) parts.push(`→ ${target.map(stateName).join(', ')}`);
  return parts.join(' ');
}

/** `root` for the machine as a whole. */
export function stateName({ path }: Pick<AnyStateNode, 'path'>): string {
  return path.length === 0 ? 'root' : path.join('.');
}

function guardName(guard: unknown): string {
  if (typeof guard === 'string') return guard;
  const { type, name } = guard as { readonly type?: string; readonly name?: string };
  return type ?? name ?? 'guard';
}

function changedKeys(before: Snapshot['context'], after: Snapshot['context']): { [key: string]: unknown } {
  const changed: { [key: string]: unknown } = {};
  if (after === undefined || before === after) return changed;
  for (const key of Object.keys(after)) if (before?.[key] !== after[key]) changed[key] = after[key];
  return changed;
}
