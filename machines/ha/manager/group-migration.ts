/**
 * Turning legacy groups into rules for good (spec/ha.md §6.3): only with all nodes online, at rest and new enough. Each
 * failure aborts; the manager tries again some rounds later.
 */
import { Asking, answerOf, type Next, type Outbox } from '../dialogue.ts';
import { type GroupSet, groupsToRules } from '../groups.ts';
import type { Reply } from '../port.ts';
import { type RuleSet, writeRules } from '../rules/rule-set.ts';
import { activeCount } from '../service-count.ts';
import { isTruthy, type LrmStatus, type Members, type ServiceConfigs, sortedKeys } from '../state-files.ts';
import type { ManagerMemory } from './memory.ts';
import { isAtLeast } from './package-version.ts';

export const OLDEST_WITH_RULES = '9.0.0~16';

export interface MigrationInput {
  readonly members: Members;
  readonly lrmStatus: Readonly<Record<string, LrmStatus>>;
  readonly groups: GroupSet;
  readonly rules: RuleSet;
  readonly configs: ServiceConfigs;
}

type Phase = 'versions' | 'rules-written' | 'service-patched' | 'groups-deleted';

export class GroupMigration extends Asking<Phase> {
  /** What was written so far; the round goes on with it. */
  rulesText: string | undefined;
  areGroupsDeleted = false;
  readonly patched: Record<string, { readonly failback: boolean }> = {};
  readonly #memory: ManagerMemory;
  readonly #input: MigrationInput;
  /** Services that still name their group. */
  readonly #left: string[];

  constructor(memory: ManagerMemory, input: MigrationInput, out: Outbox) {
    super(out);
    this.#memory = memory;
    this.#input = input;
    this.#left = sortedKeys(input.configs).filter((sid) => isTruthy(input.configs[sid]!.group));
    this.log('notice', 'start ha group migration...');
    if (!input.members.quorate) this.fail('cluster is not quorate');
    else if (memory.nodes.names.length === 0) this.fail('node list is empty');
    // One read for all: their versions are looked at one by one, after what else each node must fulfil.
    else this.tryAsk({ op: 'read', what: ['versions'] }, 'versions');
  }

  protected resume(phase: Phase, reply: Reply): Next {
    if (!reply.ok) return this.fail(reply.error);
    switch (phase) {
      case 'versions': {
        const [versions] = answerOf(reply) as readonly [Readonly<Record<string, string | undefined>>];
        const objection = this.#objection(versions);
        return objection === undefined ? this.#writeRules() : this.fail(objection);
      }
      case 'rules-written':
        this.log('notice', 'ha groups migration: migration to rules config successful');
        return this.#patchNext();
      case 'service-patched':
        return this.#patchNext();
      case 'groups-deleted':
        this.areGroupsDeleted = true;
        this.log('notice', 'ha groups migration: group config deletion successful');
        this.log('notice', 'ha groups migration successful');
    }
  }

  /** Why a node is not ready. */
  #objection(versions: Readonly<Record<string, string | undefined>>): string | undefined {
    const { nodes, services } = this.#memory;
    for (const node of nodes.names) {
      const nodeState = nodes.state(node);
      this.log('notice', `ha groups migration: node '${node}' is in state '${nodeState}'`);
      if (nodeState !== 'online') return `node '${node}' is not online`;

      const { state, mode } = this.#input.lrmStatus[node] ?? {};
      if (!isTruthy(state) || !isTruthy(mode)) return `could not retrieve state for lrm '${node}'`;
      this.log('notice', `ha groups migration: lrm '${node}' is in state '${state}' and mode '${mode}'`);
      const isIdle = state === 'wait_for_agent_lock' && activeCount(services, node) === 0;
      if (state !== 'active' && !isIdle) return `lrm '${node}' is not in state 'active' or 'idle'`;
      if (mode !== 'active') return `lrm '${node}' is not in mode 'active'`;

      const version = versions[node];
      if (version === undefined || version === '') return `could not retrieve version from node '${node}'`;
      this.log('notice', `ha groups migration: node '${node}' has version '${version}'`);
      if (!isAtLeast(version, OLDEST_WITH_RULES)) {
        return `node '${node}' needs at least pve-manager version '${OLDEST_WITH_RULES}'`;
      }
    }
    return undefined;
  }

  #writeRules(): void {
    const { groups, configs, rules } = this.#input;
    this.rulesText = writeRules(groupsToRules(groups, configs, rules));
    this.tryAsk({ op: 'write', what: 'rules', value: this.rulesText }, 'rules-written');
  }

  #patchNext(): Next {
    const sid = this.#left.shift();
    if (sid === undefined) {
      this.log('notice', 'ha groups migration: migration to resources config successful');
      return this.tryAsk({ op: 'write', what: 'groups', value: '' }, 'groups-deleted');
    }
    const { group, failback } = this.#input.configs[sid]!;
    const isWithoutFailback = isTruthy(this.#input.groups.ids.get(group!)?.nofailback);
    this.patched[sid] = { failback: isWithoutFailback ? false : failback };
    this.tryAsk(
      { op: 'patchService', sid, set: { group: null, ...(isWithoutFailback && { failback: 0 }) } },
      'service-patched',
    );
  }
}
