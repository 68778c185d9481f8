/**
 * The trace of a scenario (runtime/trace): commands, iterations of daemons, and in their course each event of a machine, each effect,
 * each line and each choice of a node. Its time is that of the hardware.
 */
import type { Out } from '../../machines/ha/port.ts';
import { machineSteps, tracedSteps } from '../../runtime/trace/machine-steps.ts';
import { trace_version } from '../../runtime/trace/trace.ts';
import { TraceWriter } from '../../runtime/trace/writer.ts';
import type { DaemonHost, Deed } from './daemon-host.ts';
import { RoundRobinWorld, type WorldObserver } from './round-robin.ts';
import type { ScenarioRun } from './run-scenario.ts';
import { readScenario, type ScenarioFiles } from './scenario.ts';

/** Runs a scenario as `runScenario` does, and gives each line of its trace to `sink`; false there means that the line is lost. */
export function traceScenario(files: ScenarioFiles, sink: (line: string) => boolean): ScenarioRun {
  const scenario = readScenario(files);
  // The world is made after its observer, which needs its clock.
  const made: { world?: RoundRobinWorld } = {};
  const trace = new TraceWriter({
    clock: { monotonic_ms: () => (made.world?.hardware.clock ?? 0) * 1000 },
    capacity: 0,
    sink,
    header: { trace: trace_version, source: 'simulator', nodes: Object.keys(scenario.hardware).sort() },
  });
  const world = new RoundRobinWorld(scenario, observer(trace));
  made.world = world;
  const failure = world.run();
  return { log: world.log.text, ...(failure !== undefined && { failure }) };
}

function observer(trace: TraceWriter): WorldObserver {
  let opened = 0;
  return {
    inspect: (node, actor, machine) => machineSteps(tracedSteps(trace, { node, actor, machine })),
    beforeCommand: () => {
      opened = trace.begin();
    },
    afterCommand: (text) => trace.end(opened, { kind: 'fault', node: '', actor: 'cmdlist', fault: text, detail: null }),
    beforeIteration: () => {
      opened = trace.begin();
    },
    afterIteration: ({ daemon, kind, node }) =>
      trace.end(opened, {
        kind: 'core',
        node,
        actor: kind,
        core: kind,
        input: 'TICK',
        bytes: undefined,
        result: daemon.state,
      }),
    onDeed: (deed) => noteDeed(trace, deed),
    onOut: (host, out) => noteOut(trace, host, out),
  };
}

/** Reads change nothing. */
function noteDeed(trace: TraceWriter, { ask, host, reply }: Deed): void {
  if (ask.op === 'read' || ask.op === 'refresh' || ask.op === 'statistics') return;
  trace.put({ kind: 'note', node: host.node, actor: host.kind, event: `effect ${ask.op}`, detail: { ask, reply } });
}

function noteOut(trace: TraceWriter, { kind: actor, node }: DaemonHost, out: Out): void {
  if (out.out === 'log') {
    trace.put({ kind: 'log', node, actor, domain: 'ha', level: out.level.trim(), message: out.text });
  } else if (out.out === 'decision') {
    trace.put({ kind: 'note', node, actor, event: 'decision', detail: { sid: out.sid, reasons: out.reasons } });
  } else if (out.out === 'notify') {
    trace.put({ kind: 'note', node, actor, event: `mail ${out.prefix}`, detail: out.subject });
  }
}
