/**
 * What a worker does with one command (spec/ha.md §4.5). It calls the resource agent step by step and waits for each answer;
 * a worker's life is one command, so its place in it is kept by a generator, and by nothing else.
 */
import type { CommandParams, LogLevel } from '../port.ts';

export type AgentCall =
  /** Answer: is it running? */
  | { readonly call: 'check-running' }
  | { readonly call: 'start' }
  | { readonly call: 'shutdown'; readonly timeout: string | undefined }
  /** Answer: was it moved? */
  | { readonly call: 'migrate'; readonly target: string; readonly isOnline: boolean };

export interface CommandInput {
  /** Own node. */
  readonly node: string;
  readonly sid: string;
  readonly cmd: string;
  readonly params: CommandParams;
  /** Node of the service's configuration; undefined where it has none. */
  readonly configuredOn: string | undefined;
  readonly hasAgent: boolean;
  readonly log: (level: LogLevel, text: string) => void;
}

/** Exit codes (§3.7). */
const SUCCESS = 0;
const ERROR = 1;
const WRONG_NODE = 3;
const UNKNOWN_TYPE = 4;
const UNKNOWN_COMMAND = 5;
const UNKNOWN_SERVICE = 7;
const IGNORED = 8;
const NOT_EXECUTED = -1;

export type CommandRun = Generator<AgentCall, number, boolean>;

export function* executeCommand(input: CommandInput): CommandRun {
  const { cmd, configuredOn, log, node, sid } = input;
  if (!input.hasAgent) {
    log('err', `service type '${sid.split(':')[0]}' not implemented`);
    return UNKNOWN_TYPE;
  }
  if (configuredOn === undefined) {
    log('err', `missing resource configuration for '${sid}'`);
    return UNKNOWN_SERVICE;
  }
  if (cmd === 'error') {
    log(
      'err',
      `service ${sid} is in an error state and needs manual intervention. Look up 'ERROR RECOVERY' in the documentation.`,
    );
    return SUCCESS;
  }
  if (configuredOn !== node) {
    log('err', `service '${sid}' not on this node`);
    return WRONG_NODE;
  }
  const isRunning = yield { call: 'check-running' };
  switch (cmd) {
    case 'started':
      return isRunning ? SUCCESS : yield* start(input);
    case 'request_stop':
    case 'stopped':
      return isRunning ? yield* stop(input) : SUCCESS;
    case 'migrate':
    case 'relocate':
    case 'request_start_balance':
      return yield* move(input, isRunning);
    default:
      log('err', `implement me (cmd '${cmd}')`);
      return UNKNOWN_COMMAND;
  }
}

function* start({ log, sid }: CommandInput): CommandRun {
  log('info', `starting service ${sid}`);
  yield { call: 'start' };
  const isRunning = yield { call: 'check-running' };
  if (isRunning) {
    log('info', `service status ${sid} started`);
    return SUCCESS;
  }
  log('warning', `unable to start service ${sid}`);
  return ERROR;
}

function* stop({ log, params, sid }: CommandInput): CommandRun {
  const { timeout } = params;
  log('info', timeout === undefined ? `stopping service ${sid}` : `stopping service ${sid} (timeout=${timeout})`);
  yield { call: 'shutdown', timeout };
  const isRunning = yield { call: 'check-running' };
  if (!isRunning) {
    log('info', `service status ${sid} stopped`);
    return SUCCESS;
  }
  log('info', `unable to stop service ${sid} (still running)`);
  return ERROR;
}

function* move({ cmd, log, node, params, sid }: CommandInput, isRunning: boolean): CommandRun {
  const { target } = params;
  if (target === undefined || target === null || target === '') {
    log('err', `${cmd} '${sid}' failed - missing target`);
    return NOT_EXECUTED;
  }
  if (target === node) return SUCCESS;
  if (cmd === 'request_start_balance' && isRunning) {
    log('info', `ignoring rebalance-on-start for service ${sid} - already running`);
    return IGNORED;
  }
  const isMoved = yield { call: 'migrate', target, isOnline: cmd === 'migrate' };
  if (isMoved) return SUCCESS;
  log('err', `service ${sid} not moved (migration error)`);
  return ERROR;
}
