/** Mutants of high availability (spec/ha.md), with short runs in which little else happens. */
import { CALM_HA } from '../cluster/ha/options.ts';
import type { GivenOptions } from '../cluster/options.ts';
import type { Mutant } from './mutant.ts';
import { seedsFrom } from './seeds.ts';

const CRM = 'machines/ha/crm/crm.ts';
const LRM = 'machines/ha/lrm/lrm.ts';
const WORKERS = 'machines/ha/lrm-worker/workers.ts';
const FENCING = 'machines/ha/manager/node-fencing.ts';

const QUIET = {
  nodeCount: 3,
  latency_ms: [0.5, 1],
  loss: 0,
  duplication: 0,
  skew_ms: 0,
  think_ms: 20_000,
  chaos_ms: 120_000,
} as const satisfies GivenOptions;

/** Nodes with services go and come back. */
const LOSSES: GivenOptions = { ...QUIET, faults: ['power-loss', 'partition'], ha: { ...CALM_HA, services: 3 } };
/** They are cut off, and nothing else. */
const CUTS: GivenOptions = { ...QUIET, faults: ['partition'], ha: { ...CALM_HA, services: 3 } };
/** They end in order. */
const ENDINGS: GivenOptions = {
  ...QUIET,
  faults: ['stop', 'node-reboot', 'daemon-restart'],
  ha: { ...CALM_HA, services: 6 },
};
/** People disarm, arm, move, add and remove meanwhile. */
const ORDERS: GivenOptions = {
  ...CUTS,
  faults: ['stop'],
  chaos_ms: 240_000,
  ha: { ...CALM_HA, services: 3, operator: true },
};
const RULED = (rules: string): GivenOptions => ({ ...LOSSES, ha: { ...CALM_HA, services: 3, rules } });

export const HA_MUTANTS: readonly Mutant[] = [
  {
    name: 'fence-without-delay',
    breaks: 'A node is fenced as soon as it is not online.',
    patches: [
      {
        file: 'machines/ha/node-status/node-table.ts',
        from: 'return since !== undefined && this.#at - since >= delay_s;',
        to: 'return since !== undefined && this.#at - since >= delay_s / 10;',
      },
    ],
    checkers: ['16.6 fence delay'],
    seeds: seedsFrom(),
    options: LOSSES,
  },
  {
    name: 'recovery-without-the-lock',
    breaks: 'A node counts as fenced though its agent lock was refused.',
    patches: [{ file: FENCING, from: 'if (answerOf(reply) !== true) return;', to: '' }],
    checkers: ['16.5 fence before recovery', '16.1 single execution', '16.12 config ownership'],
    seeds: seedsFrom(10),
    options: LOSSES,
  },
  {
    name: 'fencing-never-acknowledged',
    breaks: 'A node stays in fence though its agent lock was obtained.',
    patches: [
      {
        file: FENCING,
        from: 'if (answerOf(reply) !== true) return;',
        to: 'if (answerOf(reply) !== undefined) return;',
      },
    ],
    checkers: ['liveness'],
    seeds: seedsFrom(2),
    options: LOSSES,
  },
  {
    name: 'lrm-ignores-a-refused-lock',
    breaks: 'An LRM goes on as if its lock had been renewed.',
    patches: [
      {
        file: LRM,
        from: "return answerOf(reply) === true ? this.#protect() : this.#become('UNLOCKED');",
        to: 'return this.#protect();',
      },
    ],
    checkers: ['16.2 locked execution', '16.7 lock and watchdog', '16.1 single execution'],
    seeds: seedsFrom(8),
    options: CUTS,
  },
  {
    name: 'lrm-works-without-its-lock',
    breaks: 'An LRM that has lost its lock still executes commands.',
    patches: [
      {
        file: LRM,
        from: "      case 'lost_agent_lock':\n        return this.#workWithoutLock();",
        to: "      case 'lost_agent_lock':\n        return this.#manager.active < 0 ? this.#workWithoutLock() : this.#workActive();",
      },
    ],
    checkers: ['16.2 locked execution'],
    seeds: seedsFrom(10),
    options: { ...CUTS, faults: ['partition', 'crash', 'guest-crash'] },
  },
  {
    name: 'lrm-closes-its-watchdog-with-its-lock',
    breaks: 'An LRM that has lost its lock puts its watchdog away, and its guests run on.',
    patches: [
      {
        file: LRM,
        from: "    if (this.#shutdown === undefined) return this.endIteration('waiting');\n    const active",
        to: "    if (this.#isWatchdogOpen) return this.#closeWatchdog('waiting-status-written');\n    if (this.#shutdown === undefined) return this.endIteration('waiting');\n    const active",
      },
    ],
    checkers: ['16.3 watchdog coupling', '16.1 single execution'],
    seeds: seedsFrom(),
    options: CUTS,
  },
  {
    name: 'lrm-writes-without-quorum',
    breaks: 'An LRM writes its status without quorum.',
    patches: [
      {
        file: LRM,
        from: "if (!this.#isQuorate) return this.resume(then, { ok: true, value: 'not quorate' });",
        to: '',
      },
    ],
    checkers: ['16.13 silence without quorum'],
    seeds: seedsFrom(),
    options: CUTS,
  },
  {
    name: 'lrm-without-watchdog',
    breaks: 'An LRM works without a watchdog.',
    patches: [
      {
        file: LRM,
        from: "    this.ask({ op: 'watchdog', do: isOpen ? 'feed' : 'open' }, 'protected');",
        to: "    if (isOpen) this.ask({ op: 'watchdog', do: 'feed' }, 'protected');\n    else this.#locked();",
      },
    ],
    checkers: ['16.3 watchdog coupling', '16.2 locked execution'],
    seeds: seedsFrom(),
    options: CUTS,
  },
  {
    name: 'lrm-restart-does-not-wait-for-freeze',
    breaks: 'An LRM that restarts lets go before the manager has frozen its services.',
    patches: [
      {
        file: LRM,
        from: "if (this.mode === 'restart' && this.#manager.active > 0) return this.#endWork();",
        to: '',
      },
    ],
    checkers: ['16.3 watchdog coupling'],
    seeds: seedsFrom(),
    options: ENDINGS,
  },
  {
    name: 'lrm-keeps-its-watchdog-when-disarmed',
    breaks: 'An LRM that disarms keeps its watchdog.',
    patches: [
      {
        file: LRM,
        from: "      case 'lock-given-back':\n        return this.#closeWatchdog('let-go');",
        to: "      case 'lock-given-back':\n        return this.resume('let-go', reply);",
      },
    ],
    checkers: ['16.14 disarmed silence'],
    seeds: seedsFrom(),
    options: ORDERS,
  },
  {
    name: 'master-ignores-a-refused-lock',
    breaks: 'A CRM becomes and stays master though the lock was refused.',
    patches: [
      {
        file: CRM,
        from: "return answerOf(reply) === true ? this.#protect() : this.#become('UNLOCKED');",
        to: 'return this.#protect();',
      },
    ],
    checkers: ['16.4 single master', '16.13 silence without quorum'],
    seeds: seedsFrom(),
    options: CUTS,
  },
  {
    name: 'master-stays-without-lock',
    breaks: 'A master that could not renew its lock stays in its role.',
    patches: [{ file: 'machines/ha/crm/role.ts', from: "UNLOCKED: 'lost_manager_lock',", to: 'UNLOCKED: {},' }],
    checkers: ['16.13 silence without quorum', '16.4 single master'],
    seeds: seedsFrom(),
    options: CUTS,
  },
  {
    name: 'master-without-watchdog',
    breaks: 'A master works without a watchdog.',
    patches: [
      {
        file: CRM,
        from: '    if (this.#isDisarmed) return this.#locked();\n',
        to: '    if (this.#state !== undefined) return this.#locked();\n',
      },
    ],
    checkers: ['16.3 watchdog coupling'],
    seeds: seedsFrom(),
    options: CUTS,
  },
  {
    name: 'uid-outlives-a-change',
    breaks: 'A change of state keeps the uid, so that an old result answers a new wish.',
    patches: [
      {
        file: 'machines/ha/resource/machine.ts',
        from: "...kept(context, ['node', 'failed_nodes', 'maintenance_node']), ...params, uid };",
        to: "...kept(context, ['node', 'failed_nodes', 'maintenance_node']), ...params, uid: context.uid ?? uid };",
      },
    ],
    checkers: ['16.8 state vocabulary'],
    seeds: seedsFrom(2),
    options: LOSSES,
  },
  {
    name: 'target-outlives-a-migration',
    breaks: 'A service keeps its target after it was moved.',
    patches: [
      {
        file: 'machines/ha/resource/machine.ts',
        from: "...kept(context, ['node', 'failed_nodes', 'maintenance_node']), ...params, uid };",
        to: "...kept(context, ['node', 'target', 'failed_nodes', 'maintenance_node']), ...params, uid };",
      },
    ],
    checkers: ['16.8 state vocabulary'],
    seeds: seedsFrom(),
    options: ORDERS,
  },
  {
    name: 'command-executed-again',
    breaks: 'An LRM executes a command that has a result.',
    patches: [
      {
        file: WORKERS,
        from: "if (command.state !== 'stopped' && command.uid !== undefined && this.#results.has(command.uid)) return;",
        to: '',
      },
    ],
    checkers: ['16.9 one result'],
    seeds: seedsFrom(),
    options: CUTS,
  },
  {
    name: 'strict-rule-is-a-wish',
    breaks: 'A strict node affinity allows every node.',
    patches: [{ file: 'machines/ha/rules/compile.ts', from: 'if (!rule.strict) for', to: 'for' }],
    checkers: ['16.10, 16.11 placement'],
    seeds: seedsFrom(2),
    options: RULED(
      ['n1', 'n2', 'n3']
        .map((node, at) => `node-affinity: on-${node}|\tresources vm:10${at}|\tnodes ${node}|\tstrict 1|`)
        .join('|'),
    ),
  },
  {
    name: 'negative-affinity-forgotten',
    breaks: 'A node is selected that a service uses from which another must be apart.',
    patches: [
      {
        file: 'machines/ha/placement/select-node.ts',
        from: "for (const [node, from] of separate) candidates.exclude(node, { why: 'kept-separate', from });",
        to: '',
      },
    ],
    checkers: ['16.10, 16.11 placement'],
    seeds: seedsFrom(2),
    options: RULED('resource-affinity: apart|\tresources vm:100,vm:101|\taffinity negative|'),
  },
  {
    name: 'disarmed-manager-goes-on',
    breaks: 'A manager handles services while the stack is disarmed.',
    patches: [
      {
        file: 'machines/ha/manager/manager.ts',
        from: "if (disarmed.round === 'done') return this.#flush();",
        to: "if (disarmed.round === 'done' && memory.disarm.mode === 'none') return this.#flush();",
      },
    ],
    checkers: ['16.14 disarmed silence', '16.2 locked execution', 'liveness'],
    seeds: seedsFrom(2),
    options: { ...ORDERS, faults: ['stop', 'power-loss'], chaos_ms: 400_000 },
  },
  {
    name: 'watchdog-never-expires',
    breaks: 'The multiplexer feeds the device though a client has fallen silent.',
    patches: [
      {
        file: 'machines/ha/watchdog/mux.ts',
        from: '    if (isWatchdogExpired(',
        to: '    if (at < 0 && isWatchdogExpired(',
      },
    ],
    checkers: ['16.1 single execution', '16.7 lock and watchdog', '16.5 fence before recovery'],
    seeds: seedsFrom(4),
    options: CUTS,
  },
  {
    name: 'agent-lock-expires-early',
    breaks: 'pmxcfs drops a lock 30 s after its renewal, before the watchdog of its holder runs out.',
    patches: [
      {
        file: 'machines/pmxcfs/lock/machine.ts',
        from: 'event.now_s - context.since_s > (event.lifetime_s ?? LOCK_LIFETIME_S),',
        to: 'event.now_s - context.since_s > 30,',
      },
    ],
    checkers: ['16.7 lock and watchdog', '16.1 single execution', '16.5 fence before recovery'],
    seeds: seedsFrom(4),
    options: CUTS,
  },
  {
    name: 'fence-device-not-confirmed',
    breaks: 'The lock of a node is taken away before its fence device says off.',
    patches: [
      {
        file: 'actors/ha/fence-jobs.ts',
        from: "if (value === 'confirmed') return 'off';",
        to: "if (value !== 'bare') return 'off';",
      },
    ],
    checkers: ['16.7 lock and watchdog', '16.5 fence before recovery', '16.1 single execution'],
    seeds: seedsFrom(4),
    options: { ...CUTS, faults: ['partition', 'dead-switch'], ha: { ...CALM_HA, services: 3, fencing: 'both' } },
  },
  {
    name: 'lost-lock-is-never-asked-for-again',
    breaks: 'An LRM never asks for its lock again once it has lost it.',
    patches: [
      {
        file: LRM,
        from: '        if (this.#manager.isFenceRequested || !this.#isQuorate) return this.#work();\n        return this.#lock();',
        to: '        return this.#work();',
      },
    ],
    checkers: ['liveness'],
    seeds: seedsFrom(),
    options: { ...CUTS, faults: ['crash', 'guest-crash'] },
  },
];
