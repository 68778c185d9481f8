/**
 * What HA needs to know of each node and its statistics daemon will publish once there is one (spec/status.md §4): its version, and how
 * large it is. Nothing in the status store outlives the cluster process, so it is looked at from time to time, and what somebody else
 * has published stays.
 */
import { encodeRequestBody, requestId } from '../../../machines/pmxcfs/ipc/requests.ts';
import type { Clock, TimerHandle } from '../../../runtime/clock/clock.ts';
import { connectIpc } from '../../../runtime/ipc/client.ts';

export interface PublishedInfoOptions {
  /** Socket of the IPC service. */
  readonly socket: string;
  readonly clock: Clock;
  /** Key without `kv/`, to what is to be published. */
  readonly values: Readonly<Record<string, object>>;
}

const LOOK_MS = 60_000;
/** Until it has been published once. */
const RETRY_MS = 2000;

/** Publishes what is missing now, and whenever it is missing again. Returns what ends that. */
export function keepPublished({ clock, socket, values }: PublishedInfoOptions): () => void {
  let timer: TimerHandle | undefined;
  let isOver = false;
  const look = async (): Promise<void> => {
    const isDone = await publishMissing(socket, values);
    if (!isOver) timer = clock.setTimeout(() => void look(), isDone ? LOOK_MS : RETRY_MS);
  };
  void look();
  return () => {
    isOver = true;
    if (timer !== undefined) clock.clearTimeout(timer);
  };
}

async function publishMissing(socket: string, values: PublishedInfoOptions['values']): Promise<boolean> {
  const client = await connectIpc(socket);
  if ('failure' in client) return false;
  let isDone = true;
  for (const [name, value] of Object.entries(values)) {
    const key = `kv/${name}`;
    const known = await client.request(
      requestId('get-status'),
      encodeRequestBody({ kind: 'get-status', key, node: '' }),
    );
    if (!('failure' in known) && known.error === 0) continue;
    const set = { kind: 'set-status', key, value: Buffer.from(JSON.stringify(value)) } as const;
    const reply = await client.request(requestId('set-status'), encodeRequestBody(set));
    if ('failure' in reply || reply.error !== 0) isDone = false;
  }
  client.close();
  return isDone;
}
