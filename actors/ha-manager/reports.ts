/** What ha-manager prints (spec/ha.md §13.1, spec/cli.md §9). */
import type { StatusEntry } from '../../machines/ha/management/current-status.ts';
import type { MotionAnswer, MotionVerb } from '../../machines/ha/management/motion-request.ts';
import type { RuleEntry } from '../../machines/ha/management/rule-config.ts';
import { byBytes } from '../../runtime/formats/byte-string.ts';
import { ToolFailure } from '../command-line/failure.ts';
import { jsonPretty, type Value } from '../command-line/json-text.ts';
import type { Column, Row } from '../command-line/table.ts';

export function statusText(entries: readonly StatusEntry[]): string {
  return entries.map(({ type, status }) => `${type} ${status}\n`).join('');
}

export function verboseStatusText(managerStatus: object): string {
  return `full cluster state:\n${jsonPretty(managerStatus as Value)}\n`;
}

const notPrinted = new Set(['digest', 'sid', 'type', 'group', 'errors']);

/** A block per resource: its id, then its options. Of a resource, the group is an option. */
export function resourcesText(resources: readonly { readonly sid: string }[]): string {
  return resources.map((resource) => block(resource.sid, resource, 'group')).join('');
}

export function groupsText(groups: readonly { readonly group: string }[]): string {
  return groups.map((group) => block(`group: ${group.group}`, group)).join('');
}

function block(head: string, values: object, alsoPrinted?: string): string {
  const lines = Object.entries(values)
    .filter(([key, value]) => value !== undefined && (key === alsoPrinted || !notPrinted.has(key)))
    .sort(([a], [b]) => byBytes(a, b))
    .map(([key, value]) => `\t${key} ${value}\n`);
  return `${head}\n${lines.join('')}\n`;
}

/** The original's schema names this property only. */
export const ruleListColumns: readonly Column[] = [{ key: 'rule' }];

export const ruleConfigColumns: readonly Column[] = [
  { key: 'enabled' },
  { key: 'state' },
  { key: 'rule' },
  { key: 'type' },
  { key: 'resources' },
  { key: 'comment' },
];

export function ruleConfigRows(rules: readonly RuleEntry[]): readonly Row[] {
  return rules.map((rule) => ({
    ...ruleRow(rule),
    enabled: rule.disable === undefined ? 1 : 0,
    state: rule.errors === undefined ? 'in use' : 'ignored (conflicts)',
  }));
}

export function ruleRow(rule: RuleEntry): Row {
  return { ...rule };
}

/** What goes along; a motion that others block fails, though it is queued. */
export function motionText(verb: MotionVerb, answer: MotionAnswer): string {
  const { sid, 'requested-node': node } = answer;
  const blocking = answer['blocking-resources'] ?? [];
  if (blocking.length > 0) {
    const reasons = blocking.map(
      (one) => `- resource '${one.sid}' on target node '${node}' in negative affinity with resource '${sid}'`,
    );
    throw new ToolFailure([`cannot ${verb} resource '${sid}' to node '${node}':`, '', ...reasons].join('\n'));
  }
  return (answer['comigrated-resources'] ?? [])
    .map(
      (one) => `also ${verb} resource '${one}' in positive affinity with resource '${sid}' to target node '${node}'\n`,
    )
    .join('');
}

const DAYS = ['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat'];
const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

/** `Wed Nov 23 11:07:23 2016` in the zone of this process. */
export function localTime(time_s: number): string {
  const at = new Date(time_s * 1000);
  const two = (value: number) => String(value).padStart(2, '0');
  const time = [at.getHours(), at.getMinutes(), at.getSeconds()].map(two).join(':');
  const day = String(at.getDate()).padStart(2, ' ');
  return `${DAYS[at.getDay()]} ${MONTHS[at.getMonth()]} ${day} ${time} ${at.getFullYear()}`;
}
