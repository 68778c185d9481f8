/** Spec/ha.md §16.10 and §16.11. The rules of simulated clusters are few and plain, so they are read here anew, apart from the product. */
import type { ServiceStatus } from '../../../machines/ha/state-files.ts';
import type { CheckerFactory } from '../observation.ts';
import { StatusLedger } from './status-ledger.ts';

/** A manager may decide by the rules as they were when its round began. */
const SETTLED_MS = 60_000;
const RULES = 'ha/rules.cfg';
const USING: ReadonlySet<string> = new Set([
  'started',
  'request_stop',
  'fence',
  'freeze',
  'error',
  'recovery',
  'migrate',
  'relocate',
]);

interface Rule {
  readonly type: string;
  readonly resources: readonly string[];
  readonly nodes: readonly string[];
  readonly isStrict: boolean;
  readonly isNegative: boolean;
}

export const placement: CheckerFactory = (view, fail) => {
  const statuses = new StatusLedger();
  let rulesChanged_ms = 0;

  const judge = (sid: string, node: string, rules: readonly Rule[], services: Services, before: Services): void => {
    for (const { type, resources, nodes, isStrict, isNegative } of rules) {
      if (!resources.includes(sid)) continue;
      if (type === 'node-affinity' && isStrict && !nodes.includes(node)) {
        fail(`${sid} was recovered to ${node}, and its rule allows ${nodes.join(', ')} alone`);
      }
      for (const other of type === 'resource-affinity' && isNegative ? resources : []) {
        const isThere = other !== sid && uses(services[other], node) && uses(before[other], node);
        if (isThere) fail(`${sid} was given to ${node}, which ${other} uses, though they must be apart`);
      }
    }
  };
  return {
    rule: '16.10, 16.11 placement',
    why: 'people write rules since a guest cannot run elsewhere, or two must not die together',
    changed: (node, change) => {
      if (change.result >= 0 && (change.path === RULES || change.detail === RULES)) rulesChanged_ms = view.now_ms;
      const flush = statuses.note(node, change);
      if (flush === undefined || (rulesChanged_ms > 0 && view.now_ms - rulesChanged_ms < SETTLED_MS)) return;
      const rules = rulesIn(node.process?.memdb.lookup(RULES)?.data?.toString('latin1') ?? '');
      const { service_status: services = {} } = flush.after;
      const { service_status: before = {} } = flush.before;
      for (const [sid, { node: now, state }] of Object.entries(services)) {
        const was = before[sid];
        const isRecovered =
          was !== undefined && now !== was.node && (was.state === 'recovery' || was.state === 'fence');
        if (isRecovered && state !== 'recovery') judge(sid, now, rules, services, before);
      }
    },
  };
};

type Services = Readonly<Record<string, ServiceStatus>>;

function uses(service: ServiceStatus | undefined, node: string): boolean {
  if (service === undefined) return false;
  return (service.node === node && USING.has(service.state)) || service.target === node;
}

function rulesIn(text: string): readonly Rule[] {
  return text.split(/\n(?=\S)/).flatMap((section) => {
    const [head = '', ...lines] = section.split('\n');
    const type = head.slice(0, head.indexOf(':'));
    const options = new Map(
      lines.flatMap((line) => {
        const [, key, value = ''] = /^\s+(\S+)\s*(.*)$/.exec(line) ?? [];
        return key === undefined ? [] : [[key, value]];
      }),
    );
    if (options.get('disable') === '1') return [];
    return [
      {
        type,
        resources: listIn(options.get('resources')),
        nodes: listIn(options.get('nodes')).map((node) => node.split(':', 1)[0]!),
        isStrict: options.get('strict') === '1',
        isNegative: options.get('affinity') === 'negative',
      },
    ];
  });
}

function listIn(text = ''): readonly string[] {
  return text.split(/[\s,]+/).filter((word) => word !== '');
}
