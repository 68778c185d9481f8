import { resolve } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { nodeLayout } from '../../runtime/node/layout.ts';
import { callBoot } from './sockets.ts';

/** A node that is just starting has its daemons one after the other. */
const START_WITHIN_MS = 90_000;
const RETRY_MS = 500;

/** Starts or stops one daemon of a running node, for its unit; a stop waits as long as the daemon takes. */
export async function daemon(action: string, name: string, { root }: { readonly root: string }): Promise<void> {
  const layout = nodeLayout(resolve(root));
  const end_ms = performance.now() + (action === 'start' ? START_WITHIN_MS : 0);
  for (;;) {
    try {
      await callBoot(layout, action, { name }, { deadline_ms: undefined });
      return;
    } catch (error) {
      if (performance.now() >= end_ms) throw error;
      await delay(RETRY_MS);
    }
  }
}
