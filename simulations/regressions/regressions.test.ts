// test-timeout: 180
/** A regression scenario is worth something when it fails as soon as the rule that mended the bug is broken again. */
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { makeBuild, removeBuild } from '../mutants/build.ts';
import type { Patch } from '../mutants/mutant.ts';

interface Regression {
  readonly scenario: string;
  /** The rule, broken. */
  readonly patch: Patch;
  /** What the scenario shows then. */
  readonly violation: RegExp;
}

const REGRESSIONS: readonly Regression[] = [
  {
    scenario: 'replica-alone-in-its-group.txt',
    patch: {
      file: 'actors/node/cluster-node.ts',
      from: 'return inGroup >= Math.min(view.quorum, present);',
      to: 'return inGroup > 0;',
    },
    violation: /expectation: n2 is ready for changes/,
  },
  {
    scenario: 'change-of-a-ring-that-was-given-up.txt',
    patch: {
      file: 'machines/pmxcfs/dcdb/kept-changes.ts',
      from: '    this.changes.push({ ...change, payload: Buffer.from(change.payload) });',
      to: '',
    },
    violation: /expectation: n3 holds no file at shared\/a/,
  },
  {
    scenario: 'lrm-leaves-with-its-services.txt',
    patch: {
      file: 'machines/ha/lrm/lrm.ts',
      from: "if (this.#shutdown !== undefined && this.mode === 'maintenance' && !this.#hasQuirks) return this.#endWork();",
      to: '',
    },
    violation: /16\.3 watchdog coupling: the LRM of n2 closes its watchdog with active services/,
  },
  {
    scenario: 'move-crosses-with-a-reboot.txt',
    patch: {
      file: 'machines/ha/lrm/lrm.ts',
      from: '      this.#workers.refuseMotions(this.#manager.services, this.node);',
      to: '',
    },
    violation: /liveness: after 60 s n3 have power/,
  },
  // Too slow for a mutant of random runs: it takes more than ten minutes until an idle daemon has to let go.
  {
    scenario: '../scenarios/ha-idle-cluster-lets-go.txt',
    patch: {
      file: 'machines/ha/lrm/state.ts',
      from: 'isIdleTooLong: ({ context }) => context.idle_rounds + 1 > MAX_IDLE_ROUNDS,',
      to: 'isIdleTooLong: () => MAX_IDLE_ROUNDS < 0,',
    },
    violation: /16\.16 idle: n\d\/lrm is idle for 62 rounds, and keeps its lock/,
  },
];

const SCRIPT = `
import { readSource } from './simulations/commands/source.ts';
import { runScenario } from './simulations/scenarios/run-scenario.ts';
process.stdout.write(runScenario(readSource(process.argv[1]).scenario).history);
`;

/** The history of a scenario with the product that `patch` makes. */
function historyWith(patch: Patch, scenario: string): string {
  const build = makeBuild([patch]);
  if ('problem' in build) throw new Error(build.problem);
  try {
    const path = fileURLToPath(new URL(scenario, import.meta.url));
    const args = ['--import', 'tsx', '--input-type=module', '--eval', SCRIPT, path];
    const { stdout, stderr } = spawnSync(process.execPath, args, {
      cwd: build.path,
      encoding: 'utf8',
      timeout: 120_000,
    });
    assert.is(stderr, '');
    return stdout;
  } finally {
    removeBuild(build.path);
  }
}

for (const { scenario, patch, violation } of REGRESSIONS) {
  test(`${scenario} notices the broken rule`, () => {
    assert.match(historyWith(patch, scenario), violation);
  });
}

test.run();
