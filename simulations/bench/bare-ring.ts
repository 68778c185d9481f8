/**
 * Reference (b): one member of a bare token ring with the product's sealing over UDP, and nothing else: no loss, no
 * membership, no quorum, no flow control but a window per visit. A message counts as ordered when the token, passed on
 * after it was sent, has come back: then all members have it.
 *
 * The first member keeps the token while nothing is measured.
 */
import { createSocket } from 'node:dgram';
import { DATAGRAM_KIND, deriveKey, open, Sealer } from '../../runtime/datagram/sealing.ts';
import { type Summary, summary } from './statistics.ts';
import { serveRequests, workerOptions } from './worker-protocol.ts';

export interface BareRingOptions {
  readonly index: number;
  readonly members: number;
  /** Loopback address of the first member; the others have the next ones. */
  readonly firstHost: number;
  readonly port: number;
  /** Largest payload of a datagram. */
  readonly maxPayload: number;
}

/** `latency`: one message of 1 KiB after the other. `rate`: all members send as many as `window` datagrams per visit hold. */
export type BareRingRequest =
  | { readonly kind: 'latency'; readonly count: number }
  | { readonly kind: 'rate'; readonly duration_ms: number; readonly window: number };

const MESSAGE_BYTES = 1024;
const CHUNK_HEAD_BYTES = 4;
const SETTLE_MS = 50;
const TOKEN = 1;
const FRAME = 2;
const AUTHKEY = Buffer.alloc(256, 7);
const CLUSTER = 'bare';

const { index, members, firstHost, port, maxPayload } = workerOptions<BareRingOptions>();
const addressOf = (member: number) => `127.0.2.${firstHost + member}`;
const identity = (member: number) => ({
  clusterName: CLUSTER,
  nodeid: member + 1,
  incarnation: Buffer.alloc(16, member),
});
const sealer = new Sealer(AUTHKEY, identity(index));
const keys = Array.from({ length: members }, (_, member) => deriveKey(AUTHKEY, identity(member)));
const others = [...keys.keys()].filter((member) => member !== index);
const next = (index + 1) % members;
const messagesPerFrame = Math.floor((maxPayload - 1) / (MESSAGE_BYTES + CHUNK_HEAD_BYTES));
const frame = Buffer.alloc(1 + Math.max(1, messagesPerFrame) * (MESSAGE_BYTES + CHUNK_HEAD_BYTES));
frame[0] = FRAME;
const token = Buffer.alloc(64);
token[0] = TOKEN;
let sealed = Buffer.alloc(70_000);
let hasToken = index === 0;
let isTurning = false;
let window = 0;
let receivedFrames = 0;
let sentFrames = 0;
let onReturn: (() => void) | undefined;

const socket = createSocket({
  type: 'udp4',
  recvBufferSize: 8 << 20,
  sendBufferSize: 8 << 20,
  lookup: (host, _options, callback) => callback(null, host, 4),
});

function send(targets: readonly number[], payload: Buffer): void {
  const length = sealer.seal(DATAGRAM_KIND.data, 0, payload, sealed);
  for (const target of targets) socket.send(sealed, 0, length, port, addressOf(target));
  if (socket.getSendQueueCount() > 0) sealed = Buffer.alloc(sealed.length);
}

function visit(): void {
  const returned = onReturn;
  onReturn = undefined;
  returned?.();
  for (let count = 0; count < window; count += 1) send(others, frame);
  sentFrames += window;
  if (index === 0 && !isTurning) {
    hasToken = true;
    return;
  }
  send([next], token);
}

function turn(): void {
  isTurning = true;
  if (!hasToken) return;
  hasToken = false;
  visit();
}

socket.on('message', (datagram) => {
  const sender = datagram.readUInt32BE(8) - 1;
  const payload = open(keys[sender]!, datagram);
  if (payload === undefined) return;
  if (payload[0] === TOKEN) visit();
  else receivedFrames += 1;
});

/** Each message waits for the token, leaves, and is there when the token is back. */
function latency(count: number): Promise<Summary> {
  const durations_ms: number[] = [];
  const message = Buffer.alloc(1 + CHUNK_HEAD_BYTES + MESSAGE_BYTES);
  message[0] = FRAME;
  return new Promise((resolve) => {
    const one = () => {
      if (durations_ms.length === count) {
        isTurning = false;
        resolve(summary(durations_ms));
        return;
      }
      const asked_ms = performance.now();
      onReturn = () => {
        send(others, message);
        onReturn = () => {
          durations_ms.push(performance.now() - asked_ms);
          // A client that hears of it asks for the next one in a later turn, as one behind a mount would.
          setImmediate(one);
        };
      };
    };
    one();
    turn();
  });
}

async function rate(duration_ms: number, frames: number): Promise<number> {
  const messagesIn = (count: number) => count * Math.max(1, messagesPerFrame);
  window = frames;
  const before = receivedFrames + sentFrames;
  const started_ms = performance.now();
  turn();
  await new Promise((done) => setTimeout(done, duration_ms));
  const ordered = receivedFrames + sentFrames - before;
  const took_s = (performance.now() - started_ms) / 1000;
  isTurning = false;
  window = 0;
  await new Promise((done) => setTimeout(done, SETTLE_MS));
  return messagesIn(ordered) / took_s;
}

await new Promise<void>((done) => socket.bind({ port, address: addressOf(index) }, done));

await serveRequests<BareRingRequest>(
  (request) => (request.kind === 'latency' ? latency(request.count) : rate(request.duration_ms, request.window)),
  () => {
    socket.close();
  },
);
