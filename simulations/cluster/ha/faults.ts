/** Faults of machines, daemons and devices of high availability. All that harms hits the victims of the round. */
import type { HA_FAULT_KINDS } from '../options.ts';
import type { Strike } from '../strike.ts';

type HaFaultKind = (typeof HA_FAULT_KINDS)[number];

const DAEMONS = ['crm', 'lrm'] as const;
const MOST_SAFE_LATE_MS = 10_000;

export const HA_FAULTS: Readonly<Record<HaFaultKind, (strike: Strike) => void>> = {
  'daemon-kill': ({ victims, random, now }) => {
    now({ act: 'kill-daemon', node: random.pick(victims).nodeid, daemon: random.pick(DAEMONS) });
  },
  'daemon-pause': ({ victims, random, now, later }) => {
    const node = random.pick(victims).nodeid;
    const daemons = random.chance(0.3) ? DAEMONS : [random.pick(DAEMONS)];
    for (const daemon of daemons) now({ act: 'pause-daemon', node, daemon });
    later(random.pick([1000, 5000, 15_000]), () => daemons.map((daemon) => ({ act: 'resume-daemon', node, daemon })));
  },
  'daemon-restart': ({ victims, random, now }) => {
    now({ act: 'restart-daemon', node: random.pick(victims).nodeid, daemon: random.pick(DAEMONS) });
  },
  freeze: ({ victims, random, now, later }) => {
    const node = random.pick(victims).nodeid;
    now({ act: 'freeze', node });
    later(random.pick([300, 1000, 4000]), () => [{ act: 'thaw', node }]);
  },
  'watchdog-early': ({ victims, random, now }) => {
    now({ act: 'reset', node: random.pick(victims).nodeid });
  },
  'watchdog-late': ({ world, victims, random, now }) => {
    const late_ms = world.options.profile === 'promise' ? MOST_SAFE_LATE_MS : 6 * MOST_SAFE_LATE_MS;
    now({ act: 'watchdog-late', node: random.pick(victims).nodeid, ms: random.below(late_ms + 1) });
  },
  'node-reboot': ({ victims, random, now }) => {
    now({ act: 'node-reboot', node: random.pick(victims).nodeid });
  },
  'node-shutdown': ({ victims, random, now, later }) => {
    const node = random.pick(victims).nodeid;
    now({ act: 'node-shutdown', node });
    later(40_000, () => [{ act: 'boot', node }]);
  },
  'guest-crash': ({ world, random, now }) => {
    const running = (world.ha?.machines ?? []).flatMap(({ nodeid, guests }) =>
      [...guests].map((sid) => ({ node: nodeid, sid })),
    );
    if (running.length > 0) now({ act: 'guest-crash', ...random.pick(running) });
  },
  'dead-switch': ({ victims, random, now, later }) => {
    const node = random.pick(victims).nodeid;
    now({ act: 'switch-dead', node });
    later(20_000, () => [{ act: 'switch-alive', node }]);
  },
};
