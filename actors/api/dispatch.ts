/**
 * From a request to the answer (spec/api.md §5): what is refused, where it runs, what comes back.
 *
 *  I1 The order is route, parameters, token, permission, handler, node, privilege, validation, run.
 *  I2 Nothing runs that the permission check has not let pass, and nothing is validated elsewhere than where it runs.
 *  I3 A request that was passed on to this node is never passed on to another.
 */
import { methodRefusal } from '../../machines/access/permission-check.ts';
import type { Refusal } from '../../machines/access/refusal.ts';
import { ApiFailure } from './failure.ts';
import { handlerOf } from './handlers.ts';
import type { MethodFacts } from './inventory/registry.ts';
import type { Method } from './method.ts';
import { parameterSchema } from './method-schema.ts';
import { mergedParameters, type Parameters } from './parameters.ts';
import { partOf } from './parts.ts';
import { findMethod } from './route.ts';
import { validationErrors } from './validation.ts';
import type { ApiWorld, Caller, Extras } from './world.ts';

export interface ApiRequest {
  readonly verb: string;
  /** Decoded, without format: `/nodes/n1/status`. */
  readonly path: string;
  /** Query and body, put together. */
  readonly params: Parameters;
  readonly caller: Caller;
}

/** What the process may do itself. */
export interface Place {
  readonly nodeName: string;
  /** Runs protected methods. */
  readonly isPrivileged: boolean;
  /** `anywhere`: may ask other nodes; `looped`: was asked by another node; `nowhere`: pvedaemon. */
  readonly forwarding: 'anywhere' | 'looped' | 'nowhere';
}

export type Decision =
  | { readonly kind: 'run'; readonly facts: MethodFacts; readonly params: Parameters; readonly method: Method }
  | { readonly kind: 'to-node'; readonly node: string; readonly facts: MethodFacts; readonly params: Parameters }
  | { readonly kind: 'to-daemon'; readonly facts: MethodFacts; readonly params: Parameters }
  | { readonly kind: 'refused'; readonly refusal: Refusal };

export type Answer =
  | { readonly ok: true; readonly data: unknown; readonly extras: Extras; readonly facts: MethodFacts }
  | { readonly ok: false; readonly refusal: Refusal };

export async function decide(request: ApiRequest, place: Place, world: ApiWorld): Promise<Decision> {
  const { verb, path, caller } = request;
  const found = findMethod(verb, path);
  if (found === undefined) return refused(501, `Method '${verb} ${path}' not implemented`);
  const { facts } = found;
  const merged = mergedParameters(facts, found.variables, request.params);
  if ('refusal' in merged) return { kind: 'refused', refusal: merged.refusal };
  const { params } = merged;
  if (caller.isToken && !facts.isForTokens) {
    return refused(403, `Permission check failed (URI '${path}' not available with API token, need proper ticket.\n)`);
  }
  const config = await world.userConfig();
  const refusal = methodRefusal(facts.permission as Parameters, caller.identity, { config, params });
  if (refusal !== undefined) return { kind: 'refused', refusal };
  const method = await handlerOf(verb, facts.path);
  if (method === undefined) {
    return refused(501, `Method '${verb} ${path}' not implemented: ${partOf(facts.path)} is not in this release`);
  }
  return placed({ facts, params, method }, place);
}

type Ready = Pick<Decision & { kind: 'run' }, 'facts' | 'params' | 'method'>;

function placed({ facts, params, method }: Ready, place: Place): Decision {
  const node = facts.nodeParameter === undefined ? undefined : params[facts.nodeParameter];
  if (typeof node === 'string' && node !== 'localhost' && node !== place.nodeName) {
    if (place.forwarding === 'nowhere') return refused(500, 'proxy not allowed');
    if (place.forwarding === 'looped') return refused(500, 'proxy loop detected');
    return { kind: 'to-node', node, facts, params };
  }
  if (facts.isProtected && !place.isPrivileged) return { kind: 'to-daemon', facts, params };
  return { kind: 'run', facts, params, method };
}

function refused(status: number, message: string): Decision {
  return { kind: 'refused', refusal: { status, message } };
}

/** Validates and runs what was decided to run here. Never rejects. */
export async function run(
  { facts, params, method }: Decision & { readonly kind: 'run' },
  caller: Caller,
  world: ApiWorld,
): Promise<Answer> {
  const values: Record<string, unknown> = Object.assign(Object.create(null), params);
  const errors = validationErrors(values, parameterSchema(facts));
  if (errors !== undefined) {
    return { ok: false, refusal: { status: 400, message: 'Parameter verification failed.\n', errors } };
  }
  const extras: Extras = {};
  try {
    const data = await method.run({ facts, params: values, caller, world, extras });
    return { ok: true, data: data ?? null, extras, facts };
  } catch (error) {
    return { ok: false, refusal: refusalOf(error, facts, world) };
  }
}

function refusalOf(error: unknown, facts: MethodFacts, world: ApiWorld): Refusal {
  const { message, stack } = error as Error;
  if (!(error instanceof ApiFailure)) {
    // Domain functions of the tree throw their sentences; anything else is a fault of ours, and its place must be found.
    if (error instanceof TypeError || error instanceof ReferenceError || error instanceof RangeError) {
      world.log.write('api', 'error', `${facts.verb} ${facts.path}: ${stack ?? message}`);
    }
    return { status: 500, message };
  }
  return { status: error.status, message, ...(error.errors !== undefined && { errors: error.errors }) };
}
