// test-timeout: 180
/** Signals, deaths and silence of real processes: this file starts itself as a supervisor with a forked and a threaded child. */
import { type ChildProcess, spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { AnyStateMachine } from 'xstate';
import { ActorSystem } from '../actor-system/actor-system.ts';
import { createComedyHost } from '../actor-system/comedy-host.ts';
import { startSystem, stopSystem } from '../actor-system/promises.ts';
import { createRealClock } from '../clock/real.ts';
import { createSystemRandom } from '../random/system.ts';
import { moduleUrl } from './actor-module.ts';

const patience_ms = 60_000;
const self = fileURLToPath(import.meta.url);

/** The supervisor that the tests look at from outside: one line of JSON for everything that happens. */
async function supervise(module: string): Promise<void> {
  const say = (line: object): void => void process.stdout.write(`${JSON.stringify(line)}\n`);
  const { childLife } = (await import(moduleUrl('machines/daemons/child-life.ts'))) as { childLife: AnyStateMachine };
  const clock = createRealClock();
  const log = { write: (_domain: string, _level: string, message: string) => say({ log: message }) };
  const system = new ActorSystem({
    node: 'n1',
    clock,
    log,
    host: createComedyHost({ node: 'n1', clock, random: createSystemRandom(), log }),
    supervision: {
      life: childLife,
      restarts: {
        ask: (child, _now_ms, _backOff, reason) =>
          module.includes('no-such') ? { allowed: false, reason } : { allowed: true, delay_ms: child.length },
      },
    },
    onFailure: (reason) => say({ failure: reason }),
    onChildState: (child, state) => {
      const pid = system.status().find(({ name }) => name === child)?.pid;
      say({ child, state, pid: state === 'running' ? pid : undefined });
    },
  });
  system.add({ name: 'forked', mode: 'forked', source: { module } });
  system.add({ name: 'threaded', mode: 'threaded', source: { module } });
  process.on('SIGTERM', () => {
    stopSystem(system).then(() => say({ stopped: true }));
  });
  await startSystem(system).then(
    () => say({ started: true }),
    (error: Error) => say({ startFailed: error.message }),
  );
}

interface Supervisor {
  readonly process: ChildProcess;
  readonly lines: { readonly [key: string]: unknown }[];
  readonly strange: string[];
  until(condition: () => boolean, what: string): Promise<void>;
}

async function withSupervisor(module: string, body: (supervisor: Supervisor) => Promise<void>): Promise<void> {
  const child = spawn(process.execPath, ['--import', 'tsx', self, 'supervise', module], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const lines: Supervisor['lines'] = [];
  const strange: string[] = [];
  let rest = '';
  child.stdout.on('data', (data: Buffer) => {
    const parts = (rest + data.toString()).split('\n');
    rest = parts.pop() ?? '';
    for (const part of parts) {
      if (part.startsWith('{"')) lines.push(JSON.parse(part));
      else strange.push(part);
    }
  });
  child.stderr.on('data', (data: Buffer) => void strange.push(data.toString()));
  const until = async (condition: () => boolean, what: string): Promise<void> => {
    const bound_ms = performance.now() + patience_ms;
    while (!condition()) {
      if (performance.now() > bound_ms) throw new Error(`not: ${what}; ${JSON.stringify(lines)} ${strange.join('')}`);
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  };
  try {
    await body({ process: child, lines, strange, until });
  } finally {
    child.kill('SIGKILL');
  }
}

const single = 'runtime/actor-system/probes/single.ts';
const started = (lines: Supervisor['lines']) => (): boolean => lines.some((line) => line.started === true);
const forkedPid = (lines: Supervisor['lines']): number =>
  Number(lines.filter((line) => line.child === 'forked' && line.pid !== undefined).at(-1)?.pid);

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

if (process.argv[2] === 'supervise') {
  await supervise(process.argv[3] ?? '');
} else {
  test('SIGTERM is an orderly end, the process ends by itself, and comedy says nothing', () =>
    withSupervisor(single, async ({ process: supervisor, lines, strange, until }) => {
      await until(started(lines), 'it starts');
      const pid = forkedPid(lines);
      supervisor.kill('SIGTERM');
      await until(() => supervisor.exitCode !== null, 'the supervisor ends');
      assert.is(supervisor.exitCode, 0);
      await until(() => lines.at(-1)?.stopped === true, 'its last line is there');
      assert.not(isAlive(pid));
      assert.equal(
        lines.filter((line) => line.child === 'forked').map((line) => line.state),
        ['starting', 'running', 'draining', 'stopped'],
      );
      assert.equal(strange, []);
    }));

  test('a child does not outlive a supervisor that was killed', () =>
    withSupervisor(single, async ({ process: supervisor, lines, until }) => {
      await until(started(lines), 'it starts');
      const pid = forkedPid(lines);
      assert.ok(isAlive(pid));
      supervisor.kill('SIGKILL');
      await until(() => !isAlive(pid), 'the child is gone');
    }));

  test('a child that is told to end from outside ends in order, and comes back', () =>
    withSupervisor(single, async ({ lines, until }) => {
      await until(started(lines), 'it starts');
      const pid = forkedPid(lines);
      process.kill(pid, 'SIGTERM');
      await until(() => ![pid, Number.NaN].includes(forkedPid(lines)), 'another process runs');
      assert.ok(lines.some((line) => String(line.log).includes('forked ended (exited with code 0)')));
    }));

  test('a module that is missing is a failed start with its name, in both modes', () =>
    withSupervisor('runtime/no-such-actor.ts', async ({ lines, until }) => {
      await until(() => lines.some((line) => line.startFailed !== undefined), 'the start fails');
      const { startFailed } = lines.find((line) => line.startFailed !== undefined) ?? {};
      assert.match(String(startFailed), /(forked|threaded) failed: .*no-such-actor\.ts/);
      await until(() => lines.some((line) => line.failure !== undefined), 'the supervisor fails');
    }));

  test.run();
}
