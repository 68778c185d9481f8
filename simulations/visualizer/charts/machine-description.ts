/** A machine's definition as plain data: its states with what they hold, and its transitions with their guards, in their order. */
import type { AnyStateNode, AnyTransitionDefinition } from 'xstate';
import { stateName } from '../../../runtime/trace/machine-steps.ts';
import type { CataloguedMachine } from './machine-catalogue.ts';

export interface StateDescription {
  /** As in a trace: `gather`, `running.draining`; `root` is the machine itself. */
  readonly name: string;
  /** Name of the state around it; undefined for `root`. */
  readonly parent: string | undefined;
  readonly type: 'atomic' | 'compound' | 'parallel' | 'final' | 'history';
  /** Where the machine begins when it enters the state around. */
  readonly isInitial: boolean;
  readonly entry: readonly string[];
  readonly exit: readonly string[];
}

export interface TransitionDescription {
  readonly source: string;
  /** `always` for a transition without an event, `after DELAY` for a delayed one. */
  readonly event: string;
  readonly guard?: string;
  /** Empty for a transition that stays in its state. */
  readonly targets: readonly string[];
  readonly actions: readonly string[];
}

export interface MachineDescription {
  readonly name: string;
  readonly source: string;
  readonly states: readonly StateDescription[];
  /** Those of one state and event are tried in this order. */
  readonly transitions: readonly TransitionDescription[];
}

export function describeMachine({ source, definition }: CataloguedMachine): MachineDescription {
  const nodes = withDescendants(definition.root);
  const transitions = nodes.flatMap((node) => [...[...node.transitions.values()].flat(), ...(node.always ?? [])]);
  return {
    name: definition.id,
    source,
    states: nodes.map(describeState),
    transitions: transitions.map(describeTransition),
  };
}

function withDescendants(node: AnyStateNode): readonly AnyStateNode[] {
  return [node, ...Object.values(node.states).flatMap(withDescendants)];
}

function describeState(node: AnyStateNode): StateDescription {
  return {
    name: stateName(node),
    parent: node.parent === undefined ? undefined : stateName(node.parent),
    type: node.type,
    isInitial: node.parent?.initial?.target.includes(node) ?? false,
    entry: node.entry.map(partName),
    exit: node.exit.map(partName),
  };
}

function describeTransition({
  source,
  eventType,
  guard,
  target,
  actions,
}: AnyTransitionDefinition): TransitionDescription {
  return {
    source: stateName(source),
    event: eventName(eventType),
    ...(guard === undefined ? {} : { guard: partName(guard) }),
    targets: (target ?? []).map((node: AnyStateNode) => stateName(node)),
    actions: actions.map(partName),
  };
}

function eventName(eventType: string): string {
  if (eventType === '') return 'always';
  const delayed = /^xstate\.after\.(.*?)\.[^.]*(?:\..*)?$/.exec(eventType);
  return delayed === null ? eventType : `after ${delayed[1]}`;
}

/** Of an action or a guard: the name that `setup` gives it, or that of the function. */
function partName(part: unknown): string {
  if (typeof part === 'string') return part;
  const { type, name } = part as { readonly type?: string; readonly name?: string };
  const known = type ?? name ?? '';
  return known === '' ? 'inline' : known.replace(/^xstate\./, '');
}

/** `TOKEN_LOSS`, `JOIN [joinAgrees]`. */
export function transitionLabel({ event, guard }: TransitionDescription): string {
  return guard === undefined ? event : `${event} [${guard}]`;
}
