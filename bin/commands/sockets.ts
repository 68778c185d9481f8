import { type ControlCallOptions, connectControl } from '../../runtime/ipc/control-client.ts';
import type { NodeLayout } from '../../runtime/node/layout.ts';
import { CommandFailure } from './project.ts';

/** One call of a node's process by its control socket; fails with the sentence of whoever refused. */
export async function callOnce(
  service: string,
  path: string,
  method: string,
  params: unknown = {},
  options: ControlCallOptions = {},
): Promise<unknown> {
  const client = await connectControl(service, path);
  if ('failure' in client) throw new CommandFailure(client.failure.message);
  try {
    const outcome = await client.call(method, params, options);
    if ('error' in outcome) throw new CommandFailure(outcome.error.message);
    return outcome.result;
  } finally {
    client.close();
  }
}

/** An answer, or why there is none; `deadline`: the process lives and is silent. */
export type Answer =
  | { readonly value: unknown }
  | { readonly failure: { readonly code: string; readonly message: string } };

/** As `callOnce`, with the refusal as a value. */
export async function ask(service: string, path: string, method: string, deadline_ms: number): Promise<Answer> {
  const client = await connectControl(service, path);
  if ('failure' in client) return client;
  try {
    const outcome = await client.call(method, {}, { deadline_ms });
    return 'error' in outcome ? { failure: outcome.error } : { value: outcome.result };
  } finally {
    client.close();
  }
}

export function callCluster(layout: NodeLayout, method: string, params?: unknown): Promise<unknown> {
  return callOnce('the cluster process', layout.controlSocket, method, params);
}

export function callBoot(
  layout: NodeLayout,
  method: string,
  params?: unknown,
  options?: ControlCallOptions,
): Promise<unknown> {
  return callOnce('the node', layout.bootSocket, method, params, options);
}
