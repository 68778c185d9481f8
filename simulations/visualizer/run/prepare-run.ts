/** From a trace, a seed, a schedule, a scenario or a directory of an HA scenario to the page's file of that run. */
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { fileSink } from '../../../runtime/trace/file-sink.ts';
import { openTrace } from '../../../runtime/trace/reader.ts';
import type { TraceHeader } from '../../../runtime/trace/trace.ts';
import { CHECKERS } from '../../checkers/all.ts';
import type { ClusterView } from '../../checkers/observation.ts';
import type { RunOptions } from '../../cluster/options.ts';
import { runSeed } from '../../cluster/run.ts';
import { readSource, runSource, type Source } from '../../commands/source.ts';
import { UsageProblem } from '../../commands/usage.ts';
import { causalChain } from '../../explain/chain.ts';
import { TraceIndex } from '../../explain/trace-index.ts';
import { INVARIANTS, watchInvariants } from '../../reference/invariants/watch.ts';
import { runScenario } from '../../reference/run-scenario.ts';
import { readScenarioFiles } from '../../reference/scenario-directory.ts';
import { traceScenario } from '../../reference/scenario-trace.ts';
import { type Schedule, scheduleOf } from '../../schedule/schedule.ts';
import { DESCRIPTIONS, drawingPath } from '../charts/drawings.ts';
import { type ChainLink, definitionName, type Head, type Invariant } from './layout.ts';
import { boxesBelow, mergeBoxes } from './merge-boxes.ts';
import { RunWriter } from './run-writer.ts';

/** The repository's root, or that of what was built from it. */
const root = fileURLToPath(new URL('../../../', import.meta.url));

export interface PreparedRun {
  readonly bytes: Buffer;
  /** The simulated run as steps, to branch from; undefined where there is none. May run it again. */
  readonly schedule: (() => Schedule) | undefined;
}

/** Throws `UsageProblem`; rejects with `TraceUnreadable`. */
export async function prepareRun(argument: string): Promise<PreparedRun> {
  if (existsSync(argument) && statSync(argument).isDirectory()) {
    if (existsSync(join(argument, 'cmdlist'))) return { bytes: await prepareHaScenario(argument), schedule: undefined };
    return { bytes: await prepareBoxes(argument), schedule: undefined };
  }
  const source = readSource(argument);
  if (source.kind === 'trace') {
    const bytes = await prepareTrace(source.path, basename(source.path));
    const { header } = await openTrace(source.path);
    const options = header.options as RunOptions | undefined;
    const isSeeded = header.source === 'simulator' && options?.seed !== undefined;
    return { bytes, schedule: isSeeded ? () => scheduleOf(runSeed(options.seed, { options })) : undefined };
  }
  const title = source.kind === 'seed' ? `seed ${source.seed}` : basename(argument);
  return { bytes: await prepareSource(source, title), schedule: () => scheduleOf(runSource(source, {}, {})) };
}

export function prepareSource(source: Exclude<Source, { readonly kind: 'trace' }>, title: string): Promise<Buffer> {
  return withTrace(
    (write) => void runSource(source, { sink: write }, {}),
    (path) => prepareTrace(path, title),
  );
}

/** Reads the trace at `path`. Its rules are those of the simulator's checkers where a simulation wrote it. */
export async function prepareTrace(path: string, title: string): Promise<Buffer> {
  const { writer, header } = await written(path, title);
  const known = header.options === undefined ? [] : checkerRules();
  return finished(writer, invariantsOf(known, writer.violations), await chainOf(path, writer));
}

/** What nodes have kept for themselves: the directory of one, or one with those of several. */
export async function prepareBoxes(directory: string): Promise<Buffer> {
  const paths = boxesBelow(directory);
  if (paths.length === 0)
    throw new UsageProblem(`'${directory}' holds neither a scenario (cmdlist) nor black boxes of nodes`);
  return boxedRun(paths, `nodes in ${basename(directory)}`);
}

/** Throws `UsageProblem` where there are no records. */
export async function boxedRun(paths: readonly string[], title: string): Promise<Buffer> {
  const { header, records } = await mergeBoxes(paths);
  if (records.length === 0) throw new UsageProblem(`${paths.join(', ') || 'no black box'}: no records yet`);
  const writer = new RunWriter(title, header);
  for (const record of records) writer.add(record);
  return finished(writer, [], []);
}

/** Its rules are the invariants of spec/ha.md §16. */
function prepareHaScenario(directory: string): Promise<Buffer> {
  const files = readScenarioFiles(directory);
  return withTrace(
    (write) => void traceScenario(files, (line) => write(line)),
    async (path) => {
      const { writer, times } = await written(path, basename(directory));
      const { observer, violations } = watchInvariants();
      runScenario(files, observer);
      const found = violations.map((sentence) => {
        const [, rule, at_s, message] = /^(.*?), at (\d+): (.*)$/s.exec(sentence) ?? ['', sentence, '0', sentence];
        const position = times.findIndex((time_ms) => time_ms >= Number(at_s) * 1000);
        return { rule: rule!, message: message!, at: position < 0 ? times.length - 1 : position };
      });
      const known = INVARIANTS.map((make) => ({ rule: make().name, why: 'spec/ha.md §16' }));
      return finished(writer, invariantsOf(known, found), []);
    },
  );
}

async function withTrace(
  run: (write: (line: string) => boolean) => void,
  use: (path: string) => Promise<Buffer>,
): Promise<Buffer> {
  const folder = mkdtempSync(join(tmpdir(), 'pve-actors-visualize-'));
  try {
    const path = join(folder, 'trace.jsonl');
    const sink = fileSink(path);
    try {
      run((line) => sink.write(line));
    } finally {
      sink.close();
    }
    return await use(path);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

interface Written {
  readonly writer: RunWriter;
  readonly header: TraceHeader;
  readonly times: readonly number[];
}

async function written(path: string, title: string): Promise<Written> {
  const { header, records } = await openTrace(path);
  const writer = new RunWriter(title, header);
  const times: number[] = [];
  for await (const record of records) {
    writer.add(record);
    times.push(record.time_ms);
  }
  if (times.length === 0) throw new UsageProblem(`${path} has no records`);
  return { writer, header, times };
}

async function chainOf(path: string, writer: RunWriter): Promise<readonly ChainLink[]> {
  if (writer.violations.length === 0) return [];
  const index = await TraceIndex.of(path);
  try {
    return (causalChain(index) ?? []).flatMap(({ record, by }) => {
      const at = writer.positionOf(record.sequence);
      return at === undefined ? [] : [{ at, by }];
    });
  } finally {
    index.close();
  }
}

function finished(writer: RunWriter, invariants: readonly Invariant[], chain: readonly ChainLink[]): Buffer {
  return writer.finish({ invariants, chain, machines: drawnMachines(writer.machines) });
}

function drawnMachines(names: readonly string[]): Head['machines'] {
  const wanted = new Set(names.map(definitionName));
  return DESCRIPTIONS.filter(({ name }) => wanted.has(name)).map((machine) => ({
    ...machine,
    drawing: readFileSync(drawingFile(machine.name), 'utf8'),
  }));
}

/** What was built lies in `dist`, the drawings beside it. */
function drawingFile(name: string): string {
  const path = join(root, drawingPath(name));
  return existsSync(path) ? path : join(root, '..', drawingPath(name));
}

interface Rule {
  readonly rule: string;
  readonly why: string;
}

/** A checker says its rule before it looks at anything. */
function checkerRules(): readonly Rule[] {
  return CHECKERS.map((make) => {
    const { rule, why } = make({} as ClusterView, () => {});
    return { rule, why };
  });
}

function invariantsOf(
  known: readonly Rule[],
  violations: readonly { readonly at: number; readonly rule: string; readonly message: string }[],
): readonly Invariant[] {
  const rules = new Map(known.map((one) => [one.rule, one.why]));
  for (const { rule } of violations) if (!rules.has(rule)) rules.set(rule, '');
  return [...rules].map(([rule, why]) => ({
    rule,
    why,
    violations: violations.filter((one) => one.rule === rule).map(({ at, message }) => ({ at, message })),
  }));
}
