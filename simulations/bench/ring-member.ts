/** One node of the product's cluster layer alone: Totem and process groups over sealed UDP, without tree, disk and mount. */
import { createTotemNode } from '../../actors/cluster/totem-node.ts';
import { createRealClock } from '../../runtime/clock/real.ts';
import { openSealedUdp } from '../../runtime/datagram/sealed-udp.ts';
import { formatConfProblem, readClusterConfig } from '../../runtime/formats/corosync-conf-read.ts';
import type { GroupHandle } from '../../runtime/process-group/process-group.ts';
import { createSystemRandom } from '../../runtime/random/system.ts';
import { type Summary, summary } from './statistics.ts';
import { serveRequests, workerOptions } from './worker-protocol.ts';

export interface RingMemberOptions {
  readonly nodeid: number;
  readonly config: string;
}

export type RingMemberRequest =
  | { readonly kind: 'await-members'; readonly count: number }
  | { readonly kind: 'latency'; readonly count: number }
  /** Keeps `outstanding` own messages on their way for so long. Answers the messages of all senders delivered per second. */
  | { readonly kind: 'rate'; readonly duration_ms: number; readonly outstanding: number }
  | { readonly kind: 'status' };

const MESSAGE_BYTES = 1024;

const { nodeid, config: text } = workerOptions<RingMemberOptions>();
const read = readClusterConfig(text, 'the configuration of the bench');
if (!('config' in read)) throw new Error(read.errors.map(formatConfProblem).join('; '));
const { config } = read;
const clock = createRealClock();
const random = createSystemRandom();
const log = { write: () => {} };
const udp = await openSealedUdp({ nodeid, config, authkey: Buffer.alloc(256, 7), clock, random, log });
const totem = createTotemNode({
  nodeid,
  pid: process.pid,
  config,
  datagram: udp,
  clock,
  random,
  log,
  ringIds: { load: () => 0, save: () => {} },
  acknowledgement: 'majority',
  onQuorum: () => {},
});

let delivered = 0;
let ownDelivered = 0;
let members = 0;
let onMembers: (() => void) | undefined;
let onOwn: (() => void) | undefined;
let outstanding = 0;
let ownSent = 0;

const handle: GroupHandle = totem.group.join('bench', process.pid, {
  deliver: (sender) => {
    delivered += 1;
    if (sender.nodeid !== nodeid) return;
    ownDelivered += 1;
    onOwn?.();
  },
  configurationChange: (change) => {
    members = change.members.length;
    onMembers?.();
  },
  batchEnd: () => fill(),
  lost: () => {},
});
totem.start();

function fill(): void {
  while (ownSent - ownDelivered < outstanding) {
    if (handle.mcast(Buffer.allocUnsafe(MESSAGE_BYTES)) !== 'sent') return;
    ownSent += 1;
  }
}

function awaitMembers(count: number): Promise<void> {
  return new Promise((resolve) => {
    onMembers = () => {
      if (members === count) resolve();
    };
    onMembers();
  });
}

function latency(count: number): Promise<Summary> {
  const durations_ms: number[] = [];
  return new Promise((resolve) => {
    const one = () => {
      if (durations_ms.length === count) {
        onOwn = undefined;
        resolve(summary(durations_ms));
        return;
      }
      const asked_ms = performance.now();
      onOwn = () => {
        durations_ms.push(performance.now() - asked_ms);
        setImmediate(one);
      };
      handle.mcast(Buffer.allocUnsafe(MESSAGE_BYTES));
      ownSent += 1;
    };
    one();
  });
}

async function rate(duration_ms: number, wanted: number): Promise<number> {
  outstanding = wanted;
  fill();
  const before = delivered;
  const started_ms = performance.now();
  await new Promise((done) => setTimeout(done, duration_ms));
  const found = (delivered - before) / ((performance.now() - started_ms) / 1000);
  outstanding = 0;
  return found;
}

await serveRequests<RingMemberRequest>(
  (request) => {
    switch (request.kind) {
      case 'await-members':
        return awaitMembers(request.count);
      case 'latency':
        return latency(request.count);
      case 'rate':
        return rate(request.duration_ms, request.outstanding);
      case 'status':
        return { ...totem.status(), transport: udp.stats() };
    }
  },
  () => {
    totem.stop();
    udp.close();
  },
);
