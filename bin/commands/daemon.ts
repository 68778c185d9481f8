import { resolve } from 'node:path';
import { nodeLayout } from '../../runtime/node/layout.ts';
import { callBoot } from './sockets.ts';

/** Starts or stops one daemon of a running node, for its unit; waits as long as that takes. */
export async function daemon(action: string, name: string, { root }: { readonly root: string }): Promise<void> {
  await callBoot(nodeLayout(resolve(root)), action, { name }, { deadline_ms: undefined });
}
