// test-timeout: 600
/**
 * The light world of what-if against the full simulator, where the same daemons stand on the real ring, replication, locks and ports:
 * the same nodes are reset, the same services move to the same nodes, and each comes back within the time that was foretold.
 */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { describeCluster } from '../../actors/doctor/cluster-description.ts';
import { testTree } from '../../actors/doctor/clusters-for-tests.ts';
import type { CheckerFactory } from '../checkers/observation.ts';
import { runSteps } from '../cluster/run.ts';
import { parseScenario } from '../scenarios/scenario.ts';
import { readActs } from './acts.ts';
import { assumed } from './assumptions.ts';
import { rowsOf } from './forecast-text.ts';
import { runShare } from './futures.ts';
import { EXIT, exitCode, type Forecast, forecast } from './timeline.ts';

const nodes = ['n1', 'n2', 'n3'];
const sids = ['vm:100', 'vm:101', 'vm:102'];
/** When the act comes, and for how long the full simulator goes on. */
const act_s = 60;
const after_s = 240;
const phases = 8;
/** Starting and moving a guest takes other times there; a ring forms at other instants. */
const tolerance_s = 15;

interface Outcome {
  /** Service → node. */
  readonly places: Readonly<Record<string, string>>;
  /** Service → seconds after the act at which it ran for good. */
  readonly back_s: Readonly<Record<string, number>>;
  readonly reset: readonly string[];
}

function fullSimulation(act: string): Outcome {
  const text = `# What-if's judge.\ncluster nodes=3 ha={"services":3}\nshow acts\nstart\nwithin 60s services-run\nat ${act_s}s ${act}\nwait ${after_s}s\n`;
  const scenario = parseScenario(text, 'the judge');
  if ('complaint' in scenario) throw new Error(scenario.complaint);
  const running = new Map<string, Set<string>>(sids.map((sid) => [sid, new Set()]));
  const back_s: Record<string, number> = {};
  const reset = new Set<string>();
  const watch: CheckerFactory = (view) => ({
    rule: 'none',
    why: 'it only looks',
    guest: ({ name }, sid, isRunning) => {
      const on = running.get(sid)!;
      if (isRunning && on.size === 0) back_s[sid] = view.now_ms / 1000 - act_s;
      if (isRunning) on.add(name);
      else on.delete(name);
    },
    logged: ({ name }, _domain, message) => {
      if (message.includes('watchdog expired - disable watchdog updates')) reset.add(name);
    },
  });
  const { violations } = runSteps(scenario.options, scenario.steps, { checkers: [watch] });
  assert.equal(violations, []);
  const places = Object.fromEntries(sids.map((sid) => [sid, [...running.get(sid)!].join(' and ')]));
  return { places, back_s, reset: [...reset].sort() };
}

function lightSimulation(act: string): Forecast {
  const guests = Object.fromEntries(sids.map((sid, at) => [sid, [nodes[at]!, 'cores: 1\nmemory: 512\n'] as const]));
  const resources = Object.fromEntries(sids.map((sid) => [sid, '\tstate started\n']));
  const files = { 'ha/manager_status': '{"master_node":"n1"}', 'datacenter.cfg': 'ha: shutdown_policy=conditional\n' };
  const cluster = describeCluster(testTree({ nodes, links: 1, guests, resources, files }));
  if ('failure' in cluster) throw new Error(cluster.failure);
  const acts = readActs([act], { nodes, sids });
  if ('problem' in acts) throw new Error(acts.problem);
  // Guests there are quick.
  const assumptions = { ...assumed, start_s: 2, stop_s: 2, memory_bytes: {}, countsDevice: false };
  const share = Array.from({ length: phases }, (_, phase) => phase);
  return forecast(runShare({ cluster, acts, assumptions, phases }, share));
}

const cases: readonly (readonly [whatIf: string, full: string])[] = [
  ['power n3 off', 'lose-power n3 0'],
  ['network n3 off', 'cut n3-n1 n3-n2'],
  ['network n1 off', 'cut n1-n2 n1-n3'],
  ['power n1 off', 'lose-power n1 0'],
  ['shutdown n3', 'node-shutdown n3'],
  ['maintenance n2 on', 'ha-command n1 "enable-node-maintenance n2"'],
];

for (const [whatIf, full] of cases) {
  test(`${whatIf}: as in the full simulator`, () => {
    const judge = fullSimulation(full);
    const foretold = lightSimulation(whatIf);
    assert.is(exitCode(foretold), EXIT.recovers);
    assert.is(foretold.outcomes.length, 1);
    const resets = rowsOf(foretold, 'node-down').filter(({ happening }) => happening.how === 'reset');
    assert.equal([...new Set(resets.map(({ happening }) => happening.node))], judge.reset);
    for (const { back_s, down_s, ends, sid } of foretold.services) {
      assert.equal([...ends.keys()], [judge.places[sid]], sid);
      if (down_s === undefined) continue;
      const there_s = judge.back_s[sid]!;
      const isWithin = there_s >= back_s!.from - tolerance_s && there_s <= back_s!.to + tolerance_s;
      assert.ok(isWithin, `${sid}: there after ${there_s} s, foretold ${JSON.stringify(back_s)}`);
    }
  });
}

test.run();
