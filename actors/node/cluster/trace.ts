/**
 * The trace of a real node. Its black box always runs and sees the steps of the machines alone; with `file` everything is
 * traced, datagrams and timers too, and goes to that file. The format is the simulator's (runtime/trace), so that the same tools
 * read both.
 *
 * A datagram doesn't carry the record of its sending: on the wire, sendings and receptions are matched by their content.
 */
import { KIND, kindOf } from '../../../machines/cluster/totem/messages.ts';
import type { Clock } from '../../../runtime/clock/clock.ts';
import type { DatagramPort } from '../../../runtime/datagram/datagram.ts';
import type { Log } from '../../../runtime/log/log.ts';
import { BlackBox } from '../../../runtime/trace/black-box.ts';
import { boundedFile } from '../../../runtime/trace/bounded-file.ts';
import { causingClock } from '../../../runtime/trace/causing-clock.ts';
import { type Inspector, machineSteps, tracedSteps } from '../../../runtime/trace/machine-steps.ts';
import { type TraceHeader, trace_version } from '../../../runtime/trace/trace.ts';
import { TraceWriter } from '../../../runtime/trace/writer.ts';
import type { LockDetail, NodeTransition } from '../cluster-node-ports.ts';

export interface NodeTraceOptions {
  readonly node: string;
  readonly clock: Clock;
  readonly log: Log;
  /** Of the black box. */
  readonly blackBox: string;
  /** Where all records go; undefined: nowhere. */
  readonly file: string | undefined;
}

export interface NodeTrace {
  /** For the node's actors. */
  readonly clock: Clock;
  readonly log: Log;
  readonly inspect: (actor: string, machine: string) => Inspector | undefined;
  /** For what `inspect` leaves out. */
  readonly transition: ((transition: NodeTransition) => void) | undefined;
  /** The port of the ring; `nameOf` a node id. */
  datagram(port: DatagramPort, nameOf: (nodeid: number) => string): DatagramPort;
  close(): void;
}

/** Of a whole trace. */
const file_bytes = 1_073_741_824;
const LOCK = 'lock';
const MESSAGE_NAMES = new Map(Object.entries(KIND).map(([name, kind]) => [kind as number, name]));

export function nodeTrace({ node, clock, log, blackBox: path, file }: NodeTraceOptions): NodeTrace {
  const blackBox = new BlackBox({ path, node, clock });
  const whole =
    file === undefined
      ? undefined
      : boundedFile(file, file_bytes, (sentence) => log.write('main', 'warning', sentence));
  const origin_wall_ms = Math.round(clock.wall_ms() - clock.monotonic_ms());
  const header: TraceHeader = { trace: trace_version, source: 'node', nodes: [node], origin_wall_ms };
  const trace = new TraceWriter({
    clock,
    capacity: 0,
    header,
    sink: (line, record) => {
      const isKept = blackBox.take(line, record);
      return (whole?.write(line) ?? true) && isKept;
    },
  });
  blackBox.watch(trace);
  const inspect = (actor: string, machine: string): Inspector =>
    machineSteps(tracedSteps(trace, { node, actor, machine }, (_, sequence) => trace.follow(sequence)));
  const close = (): void => {
    blackBox.close();
    void whole?.close();
  };
  // The hot path is left alone. Inspecting the machine of a lock costs several times what taking the lock does.
  if (whole === undefined) {
    return {
      clock,
      log,
      inspect: (actor, machine) => (machine === LOCK ? undefined : inspect(actor, machine)),
      transition: (transition) => noteLock(trace, node, transition),
      datagram: (port) => port,
      close,
    };
  }
  return {
    clock: causingClock(trace, clock),
    log: {
      write: (domain, level, message) => {
        trace.put({ kind: 'log', node, actor: 'log', domain, level, message });
        log.write(domain, level, message);
      },
    },
    inspect,
    transition: undefined,
    datagram: (port, nameOf) => tracedDatagrams(trace, node, port, nameOf),
    close,
  };
}

function noteLock(trace: TraceWriter, node: string, { machine, event, detail }: NodeTransition): void {
  if (machine !== LOCK) return;
  const { path, before, after, holder, verdict } = detail as LockDetail;
  const changed = { holder, verdict };
  trace.put({
    kind: 'machine',
    node,
    actor: path,
    machine,
    event: { type: event },
    before,
    after,
    changed,
    effects: [],
  });
}

function tracedDatagrams(
  trace: TraceWriter,
  node: string,
  port: DatagramPort,
  nameOf: (nodeid: number) => string,
): DatagramPort {
  const sent = (peers: readonly number[], bytes: Buffer): void => {
    trace.put({ kind: 'send', node, actor: 'ring', message: messageName(bytes), to: peers.map(nameOf), bytes });
  };
  return {
    nodeid: port.nodeid,
    get maxPayload() {
      return port.maxPayload;
    },
    send: (peer, payload) => {
      sent([peer], payload);
      port.send(peer, payload);
    },
    multicast: (peers, payload) => {
      sent(peers, payload);
      port.multicast(peers, payload);
    },
    onReceive: (receiver) =>
      port.onReceive((sender, bytes) => {
        const from = nameOf(sender);
        const cause = trace.put({ kind: 'receive', node, actor: 'ring', message: messageName(bytes), from, bytes }, 0);
        trace.within(cause, () => receiver(sender, bytes));
      }),
    close: () => port.close(),
  };
}

function messageName(payload: Buffer): string {
  return MESSAGE_NAMES.get(kindOf(payload) ?? -1) ?? 'unknown';
}
