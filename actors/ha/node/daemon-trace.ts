/** What an HA daemon of a real node records: the steps of its machines, its decisions and its log, in a black box of its own. */
import type { Clock } from '../../../runtime/clock/clock.ts';
import { BlackBox } from '../../../runtime/trace/black-box.ts';
import { machineSteps, tracedSteps } from '../../../runtime/trace/machine-steps.ts';
import { trace_version } from '../../../runtime/trace/trace.ts';
import { TraceWriter } from '../../../runtime/trace/writer.ts';
import type { HaTrace } from '../daemon-host.ts';

export interface DaemonTraceOptions {
  readonly node: string;
  /** `crm` or `lrm`. */
  readonly actor: string;
  readonly clock: Clock;
  readonly path: string;
}

export function daemonTrace({ actor, clock, node, path }: DaemonTraceOptions): HaTrace & { close(): void } {
  const blackBox = new BlackBox({ path, node, clock });
  const origin_wall_ms = Math.round(clock.wall_ms() - clock.monotonic_ms());
  const header = { trace: trace_version, source: 'node', nodes: [node], origin_wall_ms } as const;
  const trace = new TraceWriter({ clock, capacity: 0, header, sink: blackBox.take });
  blackBox.watch(trace);
  return {
    inspect: (machine) =>
      machineSteps(tracedSteps(trace, { node, actor, machine }, (_, sequence) => trace.follow(sequence))),
    note: (event, detail) => void trace.put({ kind: 'note', node, actor, event, detail }),
    close: () => blackBox.close(),
  };
}
