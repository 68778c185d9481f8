/** `ha-manager`: its commands, each an operation of HA management (spec/ha.md §13.1, spec/cli.md §9). */
import { type Command, Option } from 'commander';
import { type FormatOptions, listText, type Terminal } from '../../actors/command-line/output-format.ts';
import {
  groupsText,
  localTime,
  motionText,
  resourcesText,
  ruleConfigColumns,
  ruleConfigRows,
  ruleListColumns,
  ruleRow,
  statusText,
  verboseStatusText,
} from '../../actors/ha-manager/reports.ts';
import { currentStatus, managerStatusAnswer } from '../../machines/ha/management/current-status.ts';
import { createGroup, listGroups, removeGroup, updateGroup } from '../../machines/ha/management/group-config.ts';
import {
  requestArm,
  requestDisarm,
  requestMaintenance,
  requestStop,
} from '../../machines/ha/management/manager-commands.ts';
import { requestMotion } from '../../machines/ha/management/motion-request.ts';
import { answered, type Outcome } from '../../machines/ha/management/outcome.ts';
import type { Parameters } from '../../machines/ha/management/parameters.ts';
import {
  createResource,
  listResources,
  removeResource,
  updateResource,
} from '../../machines/ha/management/resource-config.ts';
import { createRule, listRules, removeRule, updateRule } from '../../machines/ha/management/rule-config.ts';
import type { HaState } from '../../machines/ha/management/state.ts';

export type Operation<Result> = (state: HaState, given: Parameters) => Outcome<Result>;

/** What the commands do on the node. */
export interface HaManagement {
  /** Carries an operation out, and prints what `report` makes of its result. */
  change<Result>(operation: Operation<Result>, given: Parameters, report?: (result: Result) => string): Promise<void>;
  /** Prints what there is. */
  show<Result>(operation: Operation<Result>, given: Parameters, report: (result: Result) => string): Promise<void>;
}

type Usages = readonly (readonly [flags: string, description: string])[];

const comment = ['--comment <text>', 'words for people'] as const;
const update: Usages = [
  ['--delete <list>', 'settings that shall have their defaults'],
  ['--digest <sha1>', 'only if the file is still the one with this digest'],
];

/** Adds all commands. Options bear the names of the API's parameters; `<boolean>` takes a word for one, a `<list>` may be repeated. */
export function addHaCommands(program: Command, ha: HaManagement, terminal: Terminal): void {
  addResourceCommands(program, ha);
  addStatusCommands(program, ha);
  addManagerCommands(program, ha);
  addMotions(program, ha);
  addGroupCommands(program, ha);
  addRuleCommands(program, ha, terminal);
}

function addResourceCommands(program: Command, { change }: HaManagement): void {
  const options: Usages = [
    comment,
    ['--failback <boolean>', 'move it back to a better node that returns (default: 1)'],
    ['--group <id>', 'legacy group'],
    ['--max_relocate <n>', 'nodes to try when it cannot be started (default: 1)'],
    ['--max_restart <n>', 'attempts to start it on a node (default: 1)'],
    ['--state <state>', 'what it shall be: started, stopped, disabled, ignored (default: started)'],
  ];
  const add: Usages = [...options, ['--type <type>', 'vm or ct; follows from the guest']];
  leaf(program, 'add <sid>', 'make a guest highly available', add).action((sid: string, flags) =>
    change(createResource, { sid, ...flags }),
  );
  leaf(program, 'set <sid>', 'change the settings of a resource', [...options, ...update]).action(
    (sid: string, flags) => change(updateResource, { sid, ...flags }),
  );
  leaf(program, 'remove <sid>', 'leave a guest to itself again', [
    ['--purge <boolean>', 'also take it out of all rules (default: 1)'],
  ]).action((sid: string, flags) => change(removeResource, { sid, ...flags }));
}

function addStatusCommands(program: Command, { show }: HaManagement): void {
  leaf(program, 'config', 'the resources and their settings', [['--type <type>', 'vm or ct only']]).action((flags) =>
    show(listResources, flags, resourcesText),
  );
  leaf(program, 'status', 'quorum, master, fencing, local managers and resources', [
    ['--verbose <boolean>', 'also all that the managers have written down'],
  ]).action(({ verbose }) => {
    const all = (state: HaState) =>
      answered({ entries: currentStatus(state, localTime), details: managerStatusAnswer(state) });
    return show(all, {}, ({ entries, details }) =>
      verbose === '1' ? statusText(entries) + verboseStatusText(details) : statusText(entries),
    );
  });
}

function addMotions(parent: Command, { change }: HaManagement): void {
  for (const verb of ['migrate', 'relocate'] as const) {
    const how = verb === 'migrate' ? 'running, where its type can' : 'stopped meanwhile';
    leaf(parent, `${verb} <sid> <node>`, `move a resource to a node, ${how}`).action((sid: string, node: string) =>
      change(
        (state, given) => requestMotion(state, verb, given),
        { sid, node },
        (answer) => motionText(verb, answer),
      ),
    );
  }
}

function addManagerCommands(program: Command, ha: HaManagement): void {
  const { change } = ha;
  const crm = program.command('crm-command').description('commands to the cluster resource manager');
  addMotions(crm, ha);
  leaf(crm, 'stop <sid> <timeout>', 'stop a resource; timeout in seconds, 0 stops it at once').action(
    (sid: string, timeout: string) => change(requestStop, { sid, timeout }),
  );
  const maintenance = crm.command('node-maintenance').description('move resources away from a node, and back');
  for (const word of ['enable', 'disable'] as const) {
    leaf(maintenance, `${word} <node>`, word === 'enable' ? 'begin' : 'end').action((node: string) =>
      change((state, given) => requestMaintenance(state, word, given), { node }),
    );
  }
  leaf(crm, 'disarm-ha <resource-mode>', 'let go of all resources and watchdogs; mode freeze or ignore').action(
    (mode: string) => change(requestDisarm, { 'resource-mode': mode }),
  );
  leaf(crm, 'arm-ha', 'take care of the resources again').action(() => change(requestArm, {}));
}

function addGroupCommands(program: Command, { change, show }: HaManagement): void {
  const options: Usages = [
    comment,
    ['--nodes <list>', 'node[:priority],…; the highest priority wins'],
    ['--nofailback <boolean>', 'do not move back to a better node that returns'],
    ['--restricted <boolean>', 'never use other nodes'],
  ];
  leaf(program, 'groupadd <group>', 'legacy: add a group', [...options, ['--type <type>', 'always group']]).action(
    (group: string, flags) => change(createGroup, { group, ...flags }),
  );
  leaf(program, 'groupset <group>', 'legacy: change a group', [...options, ...update]).action((group: string, flags) =>
    change(updateGroup, { group, ...flags }),
  );
  leaf(program, 'groupremove <group>', 'legacy: remove a group').action((group: string) =>
    change(removeGroup, { group }),
  );
  leaf(program, 'groupconfig', 'legacy: the groups').action(() => show(listGroups, {}, groupsText));
}

function addRuleCommands(program: Command, { change, show }: HaManagement, terminal: Terminal): void {
  const rules = program.command('rules').description('where resources shall run, together or apart');
  const options: Usages = [
    ['--affinity <word>', 'resource-affinity: positive (together) or negative (apart)'],
    comment,
    ['--disable <boolean>', 'the rule is ignored'],
    ['--nodes <list>', 'node-affinity: node[:priority],…; the highest priority wins'],
    ['--resources <list>', 'resources that the rule is about'],
    ['--strict <boolean>', 'node-affinity: never use other nodes (default: 0)'],
  ];
  leaf(rules, 'add <type> <rule>', 'add a rule; type node-affinity or resource-affinity', options).action(
    (type: string, rule: string, flags) => change(createRule, { type, rule, ...flags }),
  );
  leaf(rules, 'set <type> <rule>', 'change a rule', [...options, ...update]).action(
    (type: string, rule: string, flags) => change(updateRule, { type, rule, ...flags }),
  );
  leaf(rules, 'remove <rule>', 'remove a rule').action((rule: string) => change(removeRule, { rule }));

  const wanted: Usages = [
    ['--resource <sid>', 'only those about this resource'],
    ['--type <type>', 'only those of this type'],
    ['--output-format <format>', 'text, json, json-pretty or yaml (default: text)'],
    ['--human-readable <boolean>', 'of times and sizes; here without effect'],
    ['--noborder', 'columns without lines'],
    ['--noheader', 'columns without titles'],
    ['--quiet', 'print nothing'],
  ];
  type Flags = FormatOptions & Readonly<Record<'resource' | 'type', string | undefined>>;
  leaf(rules, 'list', 'the names of the rules', wanted).action(({ resource, type, ...format }: Flags) =>
    show(listRules, { resource, type }, (found) => listText(found.map(ruleRow), ruleListColumns, format, terminal)),
  );
  leaf(rules, 'config', 'the rules, and whether they are in use', wanted).action(
    ({ resource, type, ...format }: Flags) =>
      show(listRules, { resource, type }, (found) =>
        listText(ruleConfigRows(found), ruleConfigColumns, format, terminal),
      ),
  );
}

const joined = (value: string, before: string | undefined) => (before === undefined ? value : `${before},${value}`);

function leaf(parent: Command, usage: string, description: string, options: Usages = []): Command {
  const command = parent.command(usage).description(description).allowExcessArguments(false);
  for (const [flags, meaning] of options) {
    const option = new Option(flags, meaning);
    command.addOption(flags.endsWith('<list>') ? option.argParser(joined) : option);
  }
  return command;
}
