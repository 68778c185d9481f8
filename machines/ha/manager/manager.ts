/**
 * The decision engine of a CRM while it is master (spec/ha.md §3). It is built anew at each promotion, and works in rounds:
 *
 *  load     what an earlier master left
 *  gather   one read of all that a round looks at
 *  decide   nodes, new services, usage, rules, commands, then passes over the services until none changes its state
 *  flush    write `manager_status`
 *
 * Between them, and wherever an answer matters (locks, stealing, queued commands), it waits; its cursor is the phase's name and
 * `Round`, both plain data (§14.0).
 *
 *  M1  An error ends the round without a flush; what has changed in memory stays (§2.2).
 *  M2  No service and no node changes while HA is disarmed, but for what could not be deferred (§16.14).
 */
import { Asking, answerOf, type Next, type Outbox } from '../dialogue.ts';
import type { Inspection } from '../inspect.ts';
import { rebalance } from '../placement/rebalance.ts';
import { createUsage, type PlacementMessage } from '../placement/usage.ts';
import type { GuestStatistics, Reply, SchedulerMode } from '../port.ts';
import { wantedState } from '../resource/step.ts';
import {
  type DatacenterSettings,
  isTruthy,
  type LrmStatus,
  type ManagerStatus,
  type Members,
  type ServiceConfigs,
  sortedKeys,
  unknownWordIn,
} from '../state-files.ts';
import type { HaTimes } from '../times.ts';
import { rearm, takeCrmCommand } from './crm-commands.ts';
import { disarmRound } from './disarm.ts';
import { GroupMigration } from './group-migration.ts';
import { ManagerMemory } from './memory.ts';
import { queueMotion } from './motion.ts';
import { Passes } from './passes.ts';
import { lrmModes, lrmResults, type Round, split } from './round.ts';
import { RulesCache } from './rules-cache.ts';
import { type SchedulerSettings, schedulerSettings } from './settings.ts';

type Phase =
  | 'loaded'
  | 'gathered'
  | 'groups-migrated'
  | 'counted'
  | 'commands-taken'
  | 'rearmed'
  | 'passed'
  | 'flushed';

/** Rounds until groups are migrated, and until it is tried again. */
const FIRST_MIGRATION_ROUNDS = 3;
const NEXT_MIGRATION_ROUNDS = 6;

export interface ManagerOptions {
  readonly inspection: Inspection;
  readonly times: HaTimes;
}

export class Manager extends Asking<Phase> {
  readonly #node: string;
  readonly #options: ManagerOptions;
  readonly #rules = new RulesCache();
  #at: number;
  #memory: ManagerMemory | undefined;
  #settings: SchedulerSettings = schedulerSettings({});
  #imbalancedRounds = 0;
  #migrationCountdown = FIRST_MIGRATION_ROUNDS;
  #round: Round | undefined;
  #migration: GroupMigration | undefined;

  constructor(node: string, at: number, out: Outbox, options: ManagerOptions) {
    super(out);
    this.#node = node;
    this.#at = at;
    this.#options = options;
    this.ask({ op: 'read', what: ['manager_status', 'datacenter'] }, 'loaded');
  }

  /** HA is disarmed and all LRMs have let go. */
  get isFullyDisarmed(): boolean {
    return this.#memory?.isFullyDisarmed ?? false;
  }

  /** For whoever looks: what it holds in memory now. */
  get status(): ManagerStatus | undefined {
    return this.#memory?.toStatus(this.#at);
  }

  /** Starts a round; it is over when nothing is awaited. */
  manage(at: number): void {
    this.clearFailure();
    this.#at = at;
    this.ask({ op: 'read', what: ['members', 'lrm_status', 'datacenter', 'groups', 'resources', 'rules'] }, 'gathered');
  }

  protected resume(phase: Phase, reply: Reply): Next {
    switch (phase) {
      case 'loaded':
        return this.#load(answerOf(reply) as readonly [ManagerStatus | undefined, DatacenterSettings]);
      case 'gathered':
        return this.#gathered(answerOf(reply) as Gathered);
      case 'groups-migrated':
        return this.#groupsMigrated(reply);
      case 'counted':
        return this.#counted(answerOf(reply) as GuestStatistics);
      case 'commands-taken':
        this.#current.commands = answerOf(reply) as readonly string[];
        return this.#takeCommands();
      case 'rearmed': {
        const [configs] = answerOf(reply) as readonly [ServiceConfigs];
        rearm(this.#known, configs);
        return this.#takeCommands();
      }
      case 'passed':
        return this.#flush();
      case 'flushed':
        this.#round = undefined;
    }
  }

  get #known(): ManagerMemory {
    return this.#memory!;
  }

  get #current(): Round {
    return this.#round!;
  }

  #load([status, datacenter]: readonly [ManagerStatus | undefined, DatacenterSettings]): Next {
    const unknown = unknownWordIn(status ?? {});
    if (unknown !== undefined) return this.fail(`could not take over the manager status: ${unknown}`);
    this.#memory = new ManagerMemory(this.#node, status ?? {}, this.#at, this.out, this.#options);
    this.#settings = schedulerSettings(datacenter);
    const { mode } = this.#settings;
    if (mode !== 'basic') this.log('info', `using scheduler mode '${mode}'`);
  }

  #gathered([members, lrmStatus, datacenter, groups, configs, rules]: Gathered): Next {
    const { nodes } = this.#known;
    const round: Round = {
      at: this.#at,
      members,
      hasNodeListChanged: nodes.differsFrom(members),
      lrmStatus,
      modes: lrmModes(nodes.names, lrmStatus),
      results: lrmResults(nodes.names, lrmStatus),
      configs: { ...configs },
      rules,
      groups,
      usage: undefined as never,
      commands: [],
      deferred: undefined,
    };
    this.#round = round;
    nodes.update(members, this.#at, (node) => round.modes.get(node));

    const own = nodes.state(this.#node);
    if (own !== 'online' && own !== 'maintenance') return this.log('info', 'master seems offline');
    this.#changeSettings(datacenter);
    this.#migrateGroups();
  }

  #changeSettings(datacenter: DatacenterSettings): void {
    const before = this.#settings.mode;
    this.#settings = schedulerSettings(datacenter);
    const { mode } = this.#settings;
    if (mode !== before) this.log('info', `switching scheduler mode from '${before}' to '${mode}'`);
  }

  #migrateGroups(): Next {
    const { configs, groups: text, lrmStatus, members, rules } = this.#current;
    const groups = this.#rules.groups(text);
    if (groups.ids.size === 0) return this.#manageServices();
    this.#migrationCountdown--;
    if (this.#migrationCountdown > 0) return this.#manageServices();
    this.#migrationCountdown = NEXT_MIGRATION_ROUNDS;
    const input = { members, lrmStatus, groups, rules: this.#rules.rules(rules), configs };
    this.#migration = new GroupMigration(this.#known, input, this.out);
    this.tryDelegate(this.#migration, 'groups-migrated');
  }

  #groupsMigrated(reply: Reply): void {
    const { rulesText, areGroupsDeleted, patched } = this.#migration!;
    const round = this.#current;
    if (rulesText !== undefined) round.rules = rulesText;
    if (areGroupsDeleted) round.groups = '';
    for (const [sid, { failback }] of Object.entries(patched)) {
      const { group: _, ...rest } = round.configs[sid]!;
      round.configs[sid] = { ...rest, failback };
    }
    this.#migration = undefined;
    if (!reply.ok) {
      this.log('err', `abort ha groups migration: ${reply.error}`);
      this.log('err', 'ha groups migration failed');
      this.log('notice', 'retry ha groups migration in 6 rounds (~ 60 seconds)');
    }
    this.#manageServices();
  }

  /** New ones in, stale ones out. */
  #manageServices(): void {
    const memory = this.#known;
    const { configs } = this.#current;
    if (memory.disarm === undefined) {
      for (const sid of sortedKeys(configs)) {
        const config = configs[sid]!;
        if (memory.has(sid) || config.state === 'ignored') continue;
        this.log('info', `adding new service '${sid}' on node '${config.node}'`);
        memory.add(sid, config.node, wantedState(config));
      }
      for (const sid of memory.sids) {
        const config = configs[sid];
        if (config !== undefined && config.state !== 'ignored') continue;
        const reason = config === undefined ? 'no config' : 'ignored state requested';
        this.log('info', `removing stale service '${sid}' (${reason})`);
        memory.remove(sid);
      }
    }
    const { mode } = this.#settings;
    const isKnownMode = mode === 'static' || mode === 'dynamic';
    this.ask({ op: 'statistics', mode: isKnownMode ? (mode satisfies SchedulerMode) : 'basic' }, 'counted');
  }

  #counted(statistics: GuestStatistics): void {
    const memory = this.#known;
    const round = this.#current;
    const { usage, messages } = createUsage(this.#settings.mode, memory.nodes.online, statistics);
    round.usage = usage;
    this.#logAll(messages);
    for (const sid of memory.sids) this.#logAll(usage.add(sid, memory.services[sid]!));
    for (const sid of sortedKeys(statistics.guests)) {
      if (!memory.has(sid)) this.#logAll(usage.add(sid, statistics.guests[sid]!));
    }
    this.#applyGroupFailback();
    const { configs, groups, hasNodeListChanged, rules } = round;
    for (const text of this.#rules.refresh({ rules, groups }, configs, memory.nodes.names, hasNodeListChanged)) {
      this.log('info', text);
    }
    this.ask({ op: 'takeCrmCommands' }, 'commands-taken');
  }

  /** A service in a legacy group comes back as the group says. */
  #applyGroupFailback(): void {
    const { configs, groups: text } = this.#current;
    const groups = this.#rules.groups(text);
    if (groups.ids.size === 0) return;
    for (const [sid, config] of Object.entries(configs)) {
      if (!isTruthy(config.group)) continue;
      const group = groups.ids.get(config.group!);
      if (group === undefined) continue;
      configs[sid] = { ...config, failback: !isTruthy(group.nofailback) };
    }
  }

  #takeCommands(): Next {
    const round = this.#current;
    while (round.commands.length > 0) {
      const [line, rest] = split(round.commands);
      round.commands = rest;
      const isRearming = takeCrmCommand(this.#known, this.#rules.compiled, line!);
      if (isRearming) return this.ask({ op: 'read', what: ['resources'] }, 'rearmed');
    }
    this.#decide();
  }

  #decide(): Next {
    const memory = this.#known;
    const round = this.#current;
    if (memory.disarm !== undefined) {
      const disarmed = disarmRound(memory, (node) => round.modes.get(node));
      if (disarmed.round === 'refused') return;
      if (disarmed.round === 'done') return this.#flush();
      round.deferred = disarmed.sids;
    } else {
      this.#rebalance();
    }
    memory.isFullyDisarmed = false;
    const { compiled } = this.#rules;
    const { isRebalancingOnStart } = this.#settings;
    this.delegate(new Passes(memory, round, { compiled, isRebalancingOnStart }, this.out), 'passed');
  }

  #rebalance(): void {
    const { isRebalancing, mode, rebalance: settings } = this.#settings;
    if (!isRebalancing || (mode !== 'static' && mode !== 'dynamic')) return;
    const { services } = this.#known;
    const isAnyMoving = Object.values(services).some(
      ({ cmd, state }) => isMotion(state) || (cmd !== undefined && isMotion(cmd[0])),
    );
    if (isAnyMoving) return;
    const { compiled } = this.#rules;
    const { counter, messages, motion } = rebalance({
      usage: this.#current.usage,
      compiled,
      services,
      settings,
      counter: this.#imbalancedRounds,
    });
    this.#imbalancedRounds = counter;
    this.#logAll(messages);
    if (motion === undefined) return;
    const { verb, sid, target, text } = motion;
    this.log('info', text);
    queueMotion(this.#known, compiled, { line: `${verb} ${sid} ${target}`, verb, sid, target });
  }

  #flush(): void {
    this.ask({ op: 'write', what: 'manager_status', value: this.#known.toStatus(this.#at) }, 'flushed');
  }

  #logAll(messages: readonly PlacementMessage[]): void {
    for (const { level, text } of messages) this.log(level, text);
  }
}

type Gathered = readonly [
  Members,
  Readonly<Record<string, LrmStatus>>,
  DatacenterSettings,
  string,
  ServiceConfigs,
  string,
];

function isMotion(word: string): boolean {
  return word === 'migrate' || word === 'relocate';
}
