/** Carries out acts, one function each. */
import type { Act, ActName, ActParameters } from './act.ts';
import type { HaMachine } from './ha/machine.ts';
import { TRUE_RATES } from './machine-clock.ts';
import type { ClusterWorld } from './world.ts';

const IGNORED = (): void => {};
const FULL_COMMITS = Number.POSITIVE_INFINITY;

const ACTS: { readonly [N in ActName]: (world: ClusterWorld, parameters: ActParameters[N]) => void } = {
  boot: (world, { node }) => world.boot(world.node(node)),
  crash: (world, { node }) => world.crash(world.node(node)),
  'lose-power': (world, { node, kept }) => world.losePower(world.node(node), kept),
  'shut-down': (world, { node }) => world.shutDown(world.node(node)),
  pause: (world, { node }) => world.pause(world.node(node)),
  resume: (world, { node }) => world.resume(world.node(node)),
  cut: (world, { ways }) => {
    for (const [from, to] of ways) world.cut(from, to);
  },
  mend: (world, { ways }) => {
    for (const [from, to] of ways) world.mend(from, to);
  },
  link: (world, { ways, ...conditions }) => {
    for (const [from, to] of ways) world.network.setLink(from, to, conditions);
  },
  'link-usual': (world, { ways }) => {
    for (const [from, to] of ways) world.network.setLink(from, to, undefined);
  },
  clog: (world, { ways }) => {
    for (const [from, to] of ways) world.network.clog(from, to);
  },
  unclog: (world, { ways }) => {
    for (const [from, to] of ways) world.network.unclog(from, to);
  },
  'heal-network': (world) => world.healNetwork(),
  'disk-full': (world, { node }) => world.node(node).disk.failNextCommits('SQLITE_FULL', FULL_COMMITS),
  'disk-error': (world, { node }) => world.node(node).disk.failNextCommits('SQLITE_IOERR', FULL_COMMITS),
  'disk-unreadable': (world, { node }) => world.node(node).disk.failReads('SQLITE_IOERR'),
  'disk-slow': (world, { node, ms }) => {
    world.node(node).disk.commit_ms = ms;
  },
  'disk-lies': (world, { node }) => {
    world.node(node).disk.isLying = true;
  },
  'bit-rot': (world, { node, inode, field }) => world.node(node).rot(inode, field),
  'disk-healthy': (world, { node }) => world.node(node).disk.repair(),
  'disk-backup': (world, { node }) => world.node(node).backUp(),
  'disk-restore': (world, { node }) => world.node(node).restore(),
  'clock-step': (world, { node, step_ms }) => {
    world.node(node).clock.step(step_ms);
  },
  'clock-rate': (world, { node, ...rates }) => world.node(node).clock.setRates(rates),
  upgrade: (world, { node }) => {
    world.node(node).softwareVersion += 1;
  },
  expected: (world, { node, votes }) => {
    world.areVotesLowered = true;
    const daemon = world.node(node).process;
    daemon?.process.run(() => void daemon.node.setExpected(votes));
  },
  'kill-daemon': (world, { node, daemon }) =>
    onDaemon(world, node, daemon, (machine, kind) => machine.killDaemon(kind)),
  'pause-daemon': (world, { node, daemon }) =>
    onDaemon(world, node, daemon, (machine, kind) => machine.pauseDaemon(kind)),
  'resume-daemon': (world, { node, daemon }) =>
    onDaemon(world, node, daemon, (machine, kind) => machine.resumeDaemon(kind)),
  'restart-daemon': (world, { node, daemon }) =>
    onDaemon(world, node, daemon, (machine, kind) => machine.restartDaemon(kind)),
  freeze: (world, { node }) => {
    world.ha?.of(node).freeze();
    world.pause(world.node(node));
  },
  thaw: (world, { node }) => {
    world.resume(world.node(node));
    world.ha?.of(node).thaw();
  },
  reset: (world, { node }) => world.ha?.resetSpuriously(node),
  'watchdog-late': (world, { node, ms }) => {
    if (world.ha !== undefined) world.ha.of(node).watchdogLate_ms = ms;
  },
  'node-reboot': (world, { node }) => world.ha?.of(node).requestEnd('reboot'),
  'node-shutdown': (world, { node }) => world.ha?.of(node).requestEnd('shutdown'),
  'guest-crash': (world, { node, sid }) => world.ha?.of(node).hypervisor?.crash(sid),
  'switch-dead': (world, { node }) => void world.ha?.deadSwitches.add(node),
  'switch-alive': (world, { node }) => void world.ha?.deadSwitches.delete(node),
  'ha-command': (world, { node, line }) => world.ha?.tools(node).command(line, IGNORED),
  'ha-file': (world, { node, path, content }) => world.ha?.tools(node).change(path, () => content, IGNORED),
  heal: (world) => {
    world.healNetwork();
    for (const node of world.nodes) {
      node.disk.repair();
      if (!node.clock.isTrue) node.clock.setRates(TRUE_RATES);
      world.resume(node);
      world.boot(node);
    }
    world.ha?.heal();
  },
};

function onDaemon(
  { ha }: ClusterWorld,
  node: number,
  daemon: string,
  act: (machine: HaMachine, kind: 'crm' | 'lrm') => void,
): void {
  if (ha !== undefined && (daemon === 'crm' || daemon === 'lrm')) act(ha.of(node), daemon);
}

/** Performs `act` now and records it; `by` names the fault that it belongs to. */
export function perform(world: ClusterWorld, act: Act, by?: string): void {
  const { act: name, ...parameters } = act;
  const record = world.trace.write(0, 'act', name, by === undefined ? parameters : { by, ...parameters });
  world.script.push({ at_ms: world.now_ms, ...(by === undefined ? {} : { by }), ...act });
  const carryOut = ACTS[name] as (world: ClusterWorld, parameters: object) => void;
  world.trace.within(record, () => carryOut(world, parameters));
}
