/**
 * The options that the engine knows, declared as data with their ranges, and the check of a section against them
 * (spec/pmxcfs.md §7.7: "numeric options are range-checked").
 */
import type { Complain, ConfSection } from './corosync-conf-lines.ts';
import { MINIMUM_TIMER_MS } from './totem-timers.ts';

interface IntegerRule {
  readonly kind: 'integer';
  readonly min: number;
  readonly max: number;
}
interface ChoiceRule {
  readonly kind: 'choice';
  readonly values: readonly string[];
}
/** `0` or `1` in the file. */
interface FlagRule {
  readonly kind: 'flag';
}
interface TextRule {
  readonly kind: 'text';
}
/** Known to the engine, but without a meaning for the embedded transport. */
interface UnusedRule {
  readonly kind: 'unused';
}
type Rule = IntegerRule | ChoiceRule | FlagRule | TextRule | UnusedRule;
export type Rules = Readonly<Record<string, Rule>>;

type ValueOf<R> = R extends IntegerRule ? number : R extends FlagRule ? boolean : string;
/** The values of a section that are there and good. */
export type Values<R extends Rules> = { readonly [K in keyof R]?: ValueOf<R[K]> };

export interface CheckedOptions<R extends Rules> {
  readonly values: Values<R>;
  /** Line of an option, or of the section where the option isn't there. */
  lineOf(key: string): number;
}

/** Longer timers are refused: their sums must stay below the 2^31 ms that a timer can hold. */
const MAXIMUM_TIMER_MS = 3_600_000;
const MAXIMUM_U32 = 0xffff_ffff;

const flag: FlagRule = { kind: 'flag' };
const text: TextRule = { kind: 'text' };
const unused: UnusedRule = { kind: 'unused' };
const integer = (min: number, max: number): IntegerRule => ({ kind: 'integer', min, max });
const choice = (...values: string[]): ChoiceRule => ({ kind: 'choice', values });
const timer = integer(MINIMUM_TIMER_MS, MAXIMUM_TIMER_MS);
const count = integer(1, 1_000_000);

export const totemRules = {
  version: integer(2, 2),
  cluster_name: text,
  config_version: integer(0, Number.MAX_SAFE_INTEGER),
  transport: choice('knet', 'udpu', 'udp'),
  secauth: choice('on', 'off'),
  link_mode: choice('passive', 'active', 'rr'),
  ip_version: choice('ipv4', 'ipv6', 'ipv4-6', 'ipv6-4'),
  netmtu: integer(576, 65_535),
  token: timer,
  token_coefficient: integer(0, MAXIMUM_TIMER_MS),
  token_retransmits_before_loss_const: integer(1, 1000),
  token_retransmit: timer,
  hold: timer,
  consensus: timer,
  join: timer,
  merge: timer,
  downcheck: timer,
  send_join: integer(0, MAXIMUM_TIMER_MS),
  fail_recv_const: count,
  seqno_unchanged_const: count,
  window_size: integer(1, 10_000),
  max_messages: integer(1, 10_000),
  miss_count_const: count,
  token_warning: integer(0, 100),
  crypto_cipher: unused,
  crypto_hash: unused,
  crypto_model: unused,
  keyfile: unused,
  key: unused,
  autoconfig: unused,
  nodeid: unused,
  clear_node_high_bit: unused,
  rrp_mode: unused,
  vsftype: unused,
  max_network_delay: unused,
  heartbeat_failures_allowed: unused,
  block_unlisted_ips: unused,
  cancel_token_hold_on_retransmit: unused,
  interface: unused,
  knet_mtu: unused,
  knet_pmtud_interval: unused,
  knet_compression_model: unused,
  knet_compression_threshold: unused,
  knet_compression_level: unused,
} as const satisfies Rules;

export const interfaceRules = {
  linknumber: integer(0, 7),
  ringnumber: integer(0, 7),
  knet_link_priority: integer(0, 255),
  knet_ping_interval: timer,
  knet_ping_timeout: timer,
  knet_pong_count: integer(1, 255),
  mcastport: integer(1, 65_535),
  knet_ping_precision: unused,
  knet_transport: unused,
  bindnetaddr: unused,
  mcastaddr: unused,
  broadcast: unused,
  ttl: unused,
} as const satisfies Rules;

export const nodeRules = {
  name: text,
  nodeid: integer(1, MAXIMUM_U32),
  quorum_votes: integer(0, 65_535),
  ring0_addr: text,
  ring1_addr: text,
  ring2_addr: text,
  ring3_addr: text,
  ring4_addr: text,
  ring5_addr: text,
  ring6_addr: text,
  ring7_addr: text,
} as const satisfies Rules;

export const quorumRules = {
  provider: choice('corosync_votequorum'),
  expected_votes: integer(1, 1_000_000),
  two_node: flag,
  wait_for_all: flag,
  last_man_standing: flag,
  last_man_standing_window: timer,
  auto_tie_breaker: flag,
  auto_tie_breaker_node: text,
  expected_votes_tracking: flag,
  allow_downscale: flag,
  votes: unused,
  quorum_votes: unused,
} as const satisfies Rules;

/** Reads the options of `section` by `rules`; `path` names it in complaints (`totem`, `nodelist.node`). */
export function readOptions<R extends Rules>(
  section: ConfSection,
  path: string,
  rules: R,
  complain: Complain,
  warn: Complain,
): CheckedOptions<R> {
  const values: Record<string, string | number | boolean> = {};
  const lines = new Map<string, number>();
  for (const { key, value, line } of section.options) {
    if (lines.has(key)) warn(line, `${path}.${key} is given a second time; this one counts, remove the other`);
    lines.set(key, line);
    const rule = Object.hasOwn(rules, key) ? rules[key]! : undefined;
    if (!rule) {
      warn(line, `${path}.${key} is not an option that is known here; it is ignored`);
      continue;
    }
    if (rule.kind === 'unused') continue;
    const checked = check(rule, value);
    if (checked === undefined)
      complain(line, `${path}.${key} is '${value}', but must be ${expectation(rule)}; change it`);
    else values[key] = checked;
  }
  return { values: values as Values<R>, lineOf: (key) => lines.get(key) ?? section.line };
}

function check(rule: Exclude<Rule, UnusedRule>, value: string): string | number | boolean | undefined {
  switch (rule.kind) {
    case 'integer': {
      const number = /^\d{1,16}$/.test(value) ? Number(value) : Number.NaN;
      return number >= rule.min && number <= rule.max ? number : undefined;
    }
    case 'choice':
      return rule.values.includes(value) ? value : undefined;
    case 'flag':
      return value === '1' ? true : value === '0' ? false : undefined;
    case 'text':
      return value === '' ? undefined : value;
  }
}

function expectation(rule: Exclude<Rule, UnusedRule>): string {
  switch (rule.kind) {
    case 'integer':
      return rule.min === rule.max ? `${rule.min}` : `a whole number from ${rule.min} to ${rule.max}`;
    case 'choice':
      return rule.values.length === 1 ? `'${rule.values[0]}'` : `one of ${rule.values.join(', ')}`;
    case 'flag':
      return '0 or 1';
    case 'text':
      return 'a text that is not empty';
  }
}
