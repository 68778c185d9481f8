/**
 * What-if: one future of a cluster. The HA daemons, their machines, the counting of votes, the locks and the watchdogs are the product's; a
 * light world stands for the rest, so that 32 futures take seconds: membership forms after the times that the timers say, an
 * answer of the file system comes at once, guests take the times that are assumed.
 *
 *  W1 the same phase of the same cluster gives the same future
 *  W2 before the first act the cluster has come to rest as it is; what moves by itself meanwhile is told as it would be later
 */

import type { ClusterDescription } from '../../actors/doctor/cluster-description.ts';
import { bondsOf, vmidOf } from '../../actors/doctor/service-checks.ts';
import type { FencePrograms } from '../../actors/ha/ports.ts';
import type { Next } from '../../machines/ha/dialogue.ts';
import { parseResources, writeResources } from '../../machines/ha/resources.ts';
import type { ManagerStatus, ServiceStatus } from '../../machines/ha/state-files.ts';
import { VirtualClock } from '../../runtime/clock/virtual.ts';
import { SeededRandom } from '../../runtime/random/seeded.ts';
import { reasonsInWords } from '../explain/fence/reasons.ts';
import { factOf } from '../explain/fence/vocabulary.ts';
import type { Act, TimedAct } from './acts.ts';
import type { Assumptions } from './assumptions.ts';
import { workingFenceDevices } from './fence-devices.ts';
import { type Future, type Happening, type ServiceEnd, sameness, type TimedHappening } from './happening.ts';
import { Machine } from './machine.ts';
import { Membership } from './membership.ts';
import { NodeLife } from './node-life.ts';
import { startsUp, staticInfo, wasRunning } from './starting-point.ts';

export interface FutureOptions {
  readonly cluster: ClusterDescription;
  readonly acts: readonly TimedAct[];
  readonly assumptions: Assumptions;
  /** From 0; where in their rounds the daemons are when the first act comes. */
  readonly phase: number;
  readonly phases: number;
}

/** A round of a master and of an LRM that works. */
const round_s = 10;
const longest_warmup_s = 300;
/** So long nothing may be left to happen. */
const rest_s = 30;
/** After the last act: two minutes of a lock, a boot, a return. */
const longest_s = 1800;
const look_s = 5;
/** Longer than a lock, a fence delay and a round together. */
const stuck_s = 240;

const calm: ReadonlySet<string> = new Set(['started', 'stopped', 'error', 'freeze']);

export class World {
  readonly #options: FutureOptions;
  readonly #clock = new VirtualClock();
  readonly #membership: Membership;
  readonly #fencePrograms: FencePrograms;
  readonly #machines = new Map<string, Machine>();
  readonly #lives = new Map<string, NodeLife>();
  readonly #random: SeededRandom;
  readonly #happenings: TimedHappening[] = [];
  readonly #once = new Set<string>();
  readonly #reasons = new Map<string, unknown>();
  readonly #down = new Map<string, number>();
  readonly #gaps = new Map<string, { from_s: number; to_s: number | undefined }[]>();
  readonly #began = new Map<string, string>();
  readonly #unmanaged = new Set<string>();
  readonly #reset = new Set<string>();
  readonly #fenced = new Set<string>();
  #wanted: ReadonlyMap<string, string> = new Map();
  #origin_s = 0;
  #pendingActs = 0;
  #isStarted = false;

  constructor(options: FutureOptions) {
    const { assumptions, cluster, phase } = options;
    this.#options = options;
    this.#random = new SeededRandom(phase + 1);
    this.#membership = new Membership({
      clock: this.#clock,
      config: cluster.config,
      deviceVotes: assumptions.countsDevice ? (cluster.device?.votes ?? 0) : 0,
      files: new Map([...cluster.files].filter(([path]) => !path.startsWith('.'))),
      published: { 'static-info': staticInfo(cluster, assumptions) },
      onQuorum: (node, isQuorate) => this.#tell({ what: 'quorum', node, isQuorate }),
    });
    this.#fencePrograms = workingFenceDevices(cluster, this.#clock, {
      isOff: (node) => this.#lives.get(node)!.state === 'off',
      cut: (node) => {
        if (this.#lives.get(node)!.state !== 'off') this.#tell({ what: 'cut', node });
        this.#lives.get(node)!.powerOff();
      },
    });
    for (const node of cluster.nodes) this.#makeNode(node);
  }

  run(): Future {
    const { acts } = this.#options;
    this.#begin();
    const warmup_s = this.#comeToRest();
    this.#origin_s = this.#now_s;
    this.#isStarted = true;
    this.#happenings.length = 0;
    this.#once.clear();
    for (const sid of this.#wanted.keys()) this.#began.set(sid, this.#runningOn(sid)[0] ?? '');
    this.#pendingActs = acts.length;
    for (const { act, at_s, text } of acts) {
      this.#clock.setTimeout(() => {
        this.#pendingActs -= 1;
        this.#happen({ what: 'act', text });
        this.#do(act, text);
      }, at_s * 1000);
    }
    const last_s = acts.at(-1)?.at_s ?? 0;
    let quiet_s = 0;
    while (quiet_s < rest_s && !this.#isStuck(last_s) && this.#since_s < last_s + longest_s) {
      this.#clock.advance(look_s * 1000);
      quiet_s = this.#isAtRest() ? quiet_s + look_s : 0;
    }
    return this.#future(warmup_s, quiet_s >= rest_s || this.#isStuck(last_s));
  }

  // The beginning

  #makeNode(node: string): void {
    const { assumptions, cluster } = this.#options;
    const machine = new Machine({
      node,
      clock: this.#clock,
      pace: assumptions,
      memoryOf: (sid) => cluster.guests.get(vmidOf(sid))?.memory_bytes ?? 0,
      obstacle: (sid) => this.#obstacle(sid, node),
      moveConfiguration: (sid, to, done) => this.#moveConfiguration(sid, node, to, done),
      arrives: (sid, target) => this.#machines.get(target)?.setRunning(sid, this.#lives.get(target)?.state === 'up'),
      onGuest: (sid, isRunning) => this.#guestChanged(sid, node, isRunning),
      onObstacle: (sid, why) => this.#tellOnce({ what: 'obstacle', sid, node, why }),
      onWarning: () => this.#tell({ what: 'watchdog-warned', node }),
      onReset: () => {
        this.#reset.add(node);
        this.#lives.get(node)!.reset();
      },
    });
    this.#machines.set(node, machine);
    const life = new NodeLife({
      node,
      clock: this.#clock,
      random: this.#random,
      machine,
      membership: this.#membership,
      fencePrograms: this.#fencePrograms,
      boot_s: assumptions.boot_s,
      onLog: (kind, text) => this.#said(node, kind, text),
      onDecision: (sid, reasons) => this.#reasons.set(sid, reasons),
      onUp: () => this.#cameUp(node),
      onDown: (how) => this.#tell({ what: 'node-down', node, how }),
    });
    this.#lives.set(node, life);
  }

  /** Daemons begin somewhere in their rounds; the master that is known begins first. */
  #begin(): void {
    const { cluster } = this.#options;
    const master = cluster.manager.master_node;
    const somewhere = (): number => 2000 + this.#random.unit() * round_s * 1000;
    for (const node of cluster.nodes) {
      if (!startsUp(cluster, node)) continue;
      this.#lives.get(node)!.beginUp({ crm: node === master ? 1500 : somewhere(), lrm: somewhere() });
    }
    for (const guest of cluster.guests.values()) {
      if (!startsUp(cluster, guest.node) || !wasRunning(cluster, guest)) continue;
      this.#machines.get(guest.node)?.setRunning(guest.sid, true);
      if (!cluster.resources.ids.has(guest.sid)) this.#unmanaged.add(guest.sid);
    }
  }

  /** The first act comes at another point of the rounds in each phase. */
  #comeToRest(): number {
    const { phase, phases } = this.#options;
    this.#clock.advance(1.5 * round_s * 1000);
    let quiet_s = 0;
    while (quiet_s < round_s && this.#now_s < longest_warmup_s) {
      this.#clock.advance(look_s * 1000);
      quiet_s = this.#isAtRest() ? quiet_s + look_s : 0;
    }
    this.#clock.advance((round_s * 1000 * (phase + 0.5)) / phases);
    return this.#now_s;
  }

  // Acts

  #do(act: Act, text: string): Next {
    switch (act.act) {
      case 'power': {
        const life = this.#lives.get(act.node)!;
        return act.isOn ? life.powerOn() : life.powerOff();
      }
      case 'network':
        return this.#lives.get(act.node)!.connect(act.isOn);
      case 'shutdown':
      case 'reboot':
        if (!this.#lives.get(act.node)!.shutDown(act.act)) this.#refuse(text);
        return;
      case 'maintenance':
        return this.#command(`${act.isOn ? 'enable' : 'disable'}-node-maintenance ${act.node}`, text);
      case 'move':
        return this.#command(`${act.verb} ${act.sid} ${act.target}`, text);
      case 'disarm':
        return this.#command(`disarm-ha ${act.mode}`, text);
      case 'arm':
        return this.#command('arm-ha', text);
      case 'service':
        return this.#setState(act.sid, act.state, text);
    }
  }

  #refuse(text: string): void {
    this.#happen({ what: 'refused', text });
  }

  #command(line: string, text: string): void {
    this.#edit('ha/crm_commands', (before) => `${before}${line}\n`, text);
  }

  #setState(sid: string, state: string, text: string): void {
    const change = (before: string): string => {
      const { resources } = parseResources(before);
      const resource = { ...resources.ids.get(sid)!, state: state as 'started' };
      return writeResources({ ...resources, ids: new Map([...resources.ids, [sid, resource]]) });
    };
    this.#edit('ha/resources.cfg', change, text);
    this.#wanted = this.#wantedStates();
    for (const one of this.#wanted.keys()) this.#noteGap(one);
  }

  /** Whoever is in a quorate part can; nobody else. */
  #edit(path: string, change: (before: string) => string, text: string): Next {
    const node = this.#options.cluster.nodes.find((name) => this.#membership.isQuorate(name));
    if (node === undefined) return this.#refuse(text);
    const replica = this.#membership.replicaOf(node)!;
    const content = Buffer.from(change(replica.text(path) ?? ''), 'latin1');
    this.#membership.filesOf(node).replace(path, content, () => {});
  }

  // What daemons say

  #said(node: string, kind: 'crm' | 'lrm', text: string): Next {
    const fact = factOf(kind === 'crm' ? 'pve-ha-crm' : 'pve-ha-lrm', text);
    if (fact === undefined) return this.#remark(text);
    switch (fact.is) {
      case 'daemon-state':
        if (fact.daemon === 'crm' && fact.to === 'master') this.#tell({ what: 'master', node });
        return;
      case 'node-state':
        return this.#tell({ what: 'node-state', node: fact.about, to: fact.to });
      case 'fence-acknowledged':
        this.#fenced.add(fact.about);
        return this.#tell({ what: 'fenced', node: fact.about });
      case 'recover': {
        const why = reasonsInWords(this.#reasons.get(fact.sid) ?? {}, fact.to);
        return this.#tell({ what: 'recovered', sid: fact.sid, from: fact.from, to: fact.to, why });
      }
      case 'no-recovery-node': {
        const why = reasonsInWords(this.#reasons.get(fact.sid) ?? {}, undefined);
        return this.#tellOnce({ what: 'no-room', sid: fact.sid, from: fact.from, why });
      }
      case 'service':
        if (fact.to === 'error') this.#tell({ what: 'error', sid: fact.sid });
        if (fact.to === 'migrate' || fact.to === 'relocate') this.#tellMove(fact.sid, fact.to, text);
    }
  }

  #tellMove(sid: string, verb: string, text: string): void {
    const [, from = '', to = ''] = /\(node = ([^,)]+), target = ([^,)]+)/.exec(text) ?? [];
    const reasons = this.#reasons.get(sid);
    this.#reasons.delete(sid);
    this.#tell({ what: 'moving', sid, verb, from, to, why: reasons === undefined ? '' : reasonsInWords(reasons, to) });
  }

  /** Lines that an operator has to know though they belong to no course of things. */
  #remark(said: string): void {
    if (!/^(Drop rule|fallback to|crm command error|ignoring|ignore )/.test(said)) return;
    const text = said.replace(
      / - did not get static node usage information for .*$/,
      ': the size of nodes is not known',
    );
    this.#tellOnce({ what: 'remark', text });
  }

  #guestChanged(sid: string, node: string, isRunning: boolean): void {
    if (isRunning) this.#tell({ what: 'started', sid, node });
    else this.#tell({ what: this.#lives.get(node)?.state === 'off' ? 'lost' : 'stopped', sid, node });
    this.#noteGap(sid);
    const nodes = this.#runningOn(sid);
    if (nodes.length > 1) this.#tell({ what: 'twice', sid, nodes: nodes.join(' and ') });
  }

  #noteGap(sid: string): void {
    const isMissing = this.#wanted.get(sid) === 'started' && this.#runningOn(sid).length === 0;
    const since_s = this.#down.get(sid);
    if (isMissing && since_s === undefined) this.#down.set(sid, this.#since_s);
    if (isMissing || since_s === undefined) return;
    this.#down.delete(sid);
    // A guest that arrives alive has left at the same instant.
    if (this.#since_s > since_s) this.#gapsOf(sid).push({ from_s: since_s, to_s: this.#since_s });
  }

  #gapsOf(sid: string): { from_s: number; to_s: number | undefined }[] {
    const gaps = this.#gaps.get(sid) ?? [];
    this.#gaps.set(sid, gaps);
    return gaps;
  }

  /** Guests that start with their node, where HA leaves them alone. */
  #cameUp(node: string): void {
    if (this.#isStarted) this.#tell({ what: 'node-up', node });
    const { guests } = this.#options.cluster;
    for (const sid of this.#unmanaged) {
      const guest = guests.get(vmidOf(sid))!;
      if (guest.node === node && guest.onboot && this.#isStarted) this.#machines.get(node)!.setRunning(sid, true);
    }
  }

  // What guests can

  #obstacle(sid: string, node: string): string | undefined {
    const { cluster } = this.#options;
    const guest = cluster.guests.get(vmidOf(sid));
    if (guest === undefined) return 'it has no configuration';
    if (guest.node === node || cluster.replicated.get(guest.vmid)?.has(node)) return undefined;
    return bondsOf(cluster, guest)[0];
  }

  #moveConfiguration(sid: string, from: string, to: string, done: (isMoved: boolean) => void): Next {
    const obstacle = this.#obstacle(sid, to);
    if (obstacle !== undefined) {
      this.#tellOnce({ what: 'obstacle', sid, node: to, why: obstacle });
      return done(false);
    }
    const name = `${sid.startsWith('vm:') ? 'qemu-server' : 'lxc'}`;
    const files = this.#membership.filesOf(from);
    const target = `nodes/${to}/${name}`;
    files.mkdir(`nodes/${to}`, () =>
      files.mkdir(target, () =>
        files.rename(`nodes/${from}/${name}/${vmidOf(sid)}.conf`, `${target}/${vmidOf(sid)}.conf`, (errno) =>
          done(errno === 0),
        ),
      ),
    );
  }

  // The end

  #isAtRest(): boolean {
    if (this.#pendingActs > 0) return false;
    this.#wanted = this.#wantedStates();
    for (const [node, life] of this.#lives) {
      if (life.state === 'booting' || life.state === 'leaving') return false;
      const isAlone = life.state === 'up' && !this.#membership.isQuorate(node);
      if (isAlone && this.#machines.get(node)!.hasOpenWatchdog) return false;
    }
    const { node_status = {}, service_status = {} } = this.#status;
    if (Object.values(node_status).includes('fence')) return false;
    return [...this.#wanted].every(([sid, wanted]) => {
      const status = service_status[sid];
      // A node that the master misses is fenced for the service that it has there.
      const isMissed = status?.state === 'started' && node_status[status.node] === 'unknown';
      return !isMissed && this.#isServiceAtRest(sid, wanted, status);
    });
  }

  /** Something is not as it should be, and nothing comes any more. */
  #isStuck(last_s: number): boolean {
    const since_s = Math.max(last_s, this.#happenings.at(-1)?.at_s ?? 0);
    const isStarting = [...this.#lives.values()].some(({ state }) => state === 'booting' || state === 'leaving');
    return !isStarting && this.#since_s - since_s > stuck_s;
  }

  #isServiceAtRest(sid: string, wanted: string, status: ServiceStatus | undefined): boolean {
    if (wanted === 'ignored') return true;
    if (status === undefined || !calm.has(status.state)) return false;
    if (status.state === 'started') return wanted === 'started' && this.#runningOn(sid).length === 1;
    return status.state !== 'stopped' || wanted !== 'started';
  }

  #future(warmup_s: number, isSettled: boolean): Future {
    for (const [sid, from_s] of this.#down) this.#gapsOf(sid).push({ from_s, to_s: undefined });
    const { service_status = {} } = this.#status;
    const services = [...this.#wanted].sort().map(([sid, wanted]): ServiceEnd => {
      const began = this.#began.get(sid);
      return {
        sid,
        wanted,
        began: began === '' ? undefined : began,
        runsOn: this.#runningOn(sid),
        state: service_status[sid]?.state ?? 'unknown',
        gaps: this.#gaps.get(sid) ?? [],
      };
    });
    const up = [...this.#lives].filter(([, { state }]) => state === 'up').map(([node]) => node);
    return {
      happenings: this.#happenings,
      services,
      reset: [...this.#reset].sort(),
      fenced: [...this.#fenced].sort(),
      unmanagedDown: [...this.#unmanaged].filter((sid) => this.#runningOn(sid).length === 0).sort(),
      upAtEnd: up,
      quorateAtEnd: up.filter((node) => this.#membership.isQuorate(node)),
      isSettled,
      end_s: this.#since_s,
      warmup_s,
    };
  }

  get #status(): ManagerStatus {
    return JSON.parse(this.#membership.newest.text('ha/manager_status') || '{}') as ManagerStatus;
  }

  #wantedStates(): ReadonlyMap<string, string> {
    const { cluster } = this.#options;
    const { resources } = parseResources(this.#membership.newest.text('ha/resources.cfg') ?? '');
    const known = [...resources.ids].filter(([sid]) => cluster.guests.get(vmidOf(sid))?.sid === sid);
    return new Map(known.map(([sid, { state = 'started' }]) => [sid, state === 'enabled' ? 'started' : state]));
  }

  #runningOn(sid: string): string[] {
    return [...this.#machines].filter(([, { running }]) => running.has(sid)).map(([node]) => node);
  }

  get #now_s(): number {
    return this.#clock.monotonic_ms() / 1000;
  }

  get #since_s(): number {
    return this.#now_s - this.#origin_s;
  }

  #happen(happening: Happening): void {
    this.#happenings.push({ at_s: this.#since_s, happening });
  }

  #tell(happening: Happening): void {
    if (this.#isStarted) this.#happen(happening);
  }

  /** What each round would say again. */
  #tellOnce(happening: Happening): void {
    const key = sameness(happening);
    if (!this.#isStarted || this.#once.has(key)) return;
    this.#once.add(key);
    this.#happen(happening);
  }
}
