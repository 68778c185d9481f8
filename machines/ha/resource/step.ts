/**
 * One step of an HA resource: what its state makes of the LRM's answer, the configuration and the nodes (spec/ha.md §3.7).
 * The manager steps its resources one after the other, each with the usage that those before it have left (§14.0.9).
 *
 *  S1  The result of a step is looked up before it and stays in use for the whole step, also over a change of state.
 *  S2  `delayed` and `select` are called exactly where §3.7 names them: both have effects (§14.0.10).
 */
import type { Preference } from '../placement/select-node.ts';
import type { LogLevel } from '../port.ts';
import type { NodeState, ServiceStatus } from '../state-files.ts';
import type { ChangeParams, ResourceChange, Wanted } from './machine.ts';
import type { HaResource } from './resource.ts';

/** Exit codes of the LRM's commands (§3.7). */
export const EXIT = { success: 0, error: 1, wrongNode: 3, ignored: 8 } as const;

/** What a step may ask while it runs. */
export interface StepWorld {
  nodeState(node: string): NodeState;
  /** Offline for at least 60 s; starts the clock of a node never seen (§3.4). */
  delayed(node: string): boolean;
  /** Mode of the node's LRM in this round; undefined for a node first seen in it. */
  lrmMode(node: string): string | undefined;
  select(resource: HaResource, preference: Preference): string | undefined;
  readonly isRebalancingOnStart: boolean;
  newUid(): string;
  log(level: LogLevel, text: string): void;
  /** The resource has changed its state: logs, and counts its usage anew. */
  changed(resource: HaResource, line: string): void;
}

/** The configuration as a step sees it; a service without one is `{ state: 'disabled' }`. */
export interface WantedService {
  readonly state: string;
  /** Where the configuration is. */
  readonly node?: string;
  readonly max_relocate?: number;
}

/** Effects whose answer matters: the manager asks for them when the step is over. */
export type StepEffect =
  /** Set the configured state to `stopped`. */
  | { readonly effect: 'configure-stopped' }
  /** Move the configuration to `target`, then `finishRecovery`. */
  | { readonly effect: 'recover'; readonly target: string };

export class Step {
  readonly resource: HaResource;
  readonly config: WantedService;
  readonly result: number | undefined;
  readonly world: StepWorld;

  constructor(resource: HaResource, config: WantedService, result: number | undefined, world: StepWorld) {
    this.resource = resource;
    this.config = config;
    this.result = result;
    this.world = world;
  }

  get sid(): string {
    return this.resource.sid;
  }

  get status(): ServiceStatus {
    return this.resource.status;
  }

  get wanted(): Wanted {
    return wantedState(this.config);
  }

  change(type: Exclude<ResourceChange['type'], 'CONFIGURED' | 'DISARMED'>, params?: ChangeParams): void {
    const { resource, wanted, world } = this;
    const change = { type, uid: world.newUid(), wanted, ...(params !== undefined && { params }) };
    world.changed(resource, resource.change(change as ResourceChange));
  }

  log(level: LogLevel, text: string): void {
    this.world.log(level, text);
  }

  logUnknownConfig(): void {
    this.log('err', `service '${this.sid}' - unknown state '${this.config.state}' in service configuration`);
  }

  loseNodeIfDelayed(): void {
    if (this.world.delayed(this.status.node)) this.change('NODE_LOST');
  }
}

export function wantedState(config: WantedService): Wanted {
  return config.state === 'started' ? 'started' : 'request_stop';
}

/** Says why not. */
export function isMotionPossible(step: Step, verb: string, target: string): boolean {
  if (step.world.nodeState(target) !== 'online') {
    step.log('err', `ignore service '${step.sid}' ${verb} request - node '${target}' not online`);
    return false;
  }
  if (target !== step.status.node) return true;
  step.log('info', `ignore service '${step.sid}' ${verb} request - service already on node '${target}'`);
  return false;
}
