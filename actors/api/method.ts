/** A method with a handler. Its schema and permission stand in the inventory, the handler in the file that its path names. */
import { ApiFailure } from './failure.ts';
import type { Verb } from './inventory/registry.ts';
import type { Call, ClusterChanges } from './world.ts';

export interface Method {
  readonly verb: Verb;
  /** Template, as in the inventory. */
  readonly path: string;
  /** The result, as JSON; what it throws is the answer (failure.ts). */
  run(call: Call): unknown;
}

export function method(verb: Verb, path: string, run: (call: Call) => unknown): Method {
  return { verb, path, run };
}

/** An index method: names of the children, under the key that the inventory gives. */
export function index(path: string, names: readonly string[]): Method {
  return method('GET', path, ({ facts }) => {
    const key = typeof facts.returns.childKey === 'string' ? facts.returns.childKey : 'subdir';
    return names.map((name) => ({ [key]: name }));
  });
}

/** A parameter that the schema has checked to be a text, or undefined. */
export function textOf(call: Call, name: string): string | undefined {
  const value = call.params[name];
  return value === undefined || value === null ? undefined : String(value);
}

/** A parameter that the schema requires. */
export function requiredText(call: Call, name: string): string {
  const value = textOf(call, name);
  if (value === undefined) throw new Error(`the schema of ${call.facts.path} doesn't require ${name}`);
  return value;
}

export function numberOf(call: Call, name: string): number | undefined {
  const value = call.params[name];
  return value === undefined || value === null ? undefined : Number(value);
}

/** `1` and true are true. */
export function flagOf(call: Call, name: string): boolean | undefined {
  const value = call.params[name];
  return value === undefined || value === null ? undefined : value === true || String(value) === '1';
}

/** The caller of a method that nobody unknown reaches. */
export function identityOf({ caller, facts }: Call): string {
  if (caller.identity === undefined) throw new Error(`${facts.path} was reached without a caller`);
  return caller.identity;
}

export function changesOf({ world, facts }: Call): ClusterChanges {
  if (world.changes === undefined) throw new ApiFailure(`${facts.path} needs a privileged process`);
  return world.changes;
}
