/** The command interpreter of the hardware (spec/ha.md §1.5, §1.6). */
import { isTruthy } from '../../machines/ha/state-files.ts';
import type { DaemonHost } from './daemon-host.ts';
import { type Hardware, SimulationAbort } from './hardware.ts';
import { MIB } from './scenario.ts';
import type { SimulationLog } from './simulation-log.ts';

/** The daemons of the cluster, as far as commands touch them. */
export interface Daemons {
  crm(node: string): DaemonHost | undefined;
  lrm(node: string): DaemonHost | undefined;
  startCrm(node: string): void;
  startLrm(node: string): void;
  drop(node: string, kind: 'crm' | 'lrm'): void;
}

interface Command {
  readonly text: string;
  /** Node or service. */
  readonly of: string;
  readonly verb: string;
  readonly args: readonly string[];
}

export class Commands {
  readonly #hardware: Hardware;
  readonly #daemons: Daemons;
  readonly #log: SimulationLog;

  constructor(hardware: Hardware, daemons: Daemons, log: SimulationLog) {
    this.#hardware = hardware;
    this.#daemons = daemons;
    this.#log = log;
  }

  /** Logs and executes; `id` says in whose name. Throws SimulationAbort where the command is refused. */
  execute(text: string, id: string): void {
    const [name = '', of = '', verb = '', ...args] = text.trim().split(/\s+/);
    if (name !== 'service' && !this.#hardware.nodes.has(of)) abort(`sim_hardware_cmd: no such node '${of}'`);
    this.#log.hardware('info', this.#hardware.clock, id, `execute ${text}`);
    const command = { text, of, verb, args };
    const handler = this.#handlers[name] ?? unknown;
    handler(command);
  }

  readonly #handlers: Readonly<Record<string, (command: Command) => void>> = {
    power: (command) => this.#power(command),
    network: ({ of, text, verb }) => {
      if (verb !== 'on' && verb !== 'off') unknown({ text });
      this.#hardware.node(of).network = verb === 'on';
      this.#hardware.connectionChanged();
    },
    cfs: (command) => this.#cfs(command),
    'pve-manager-version': ({ args: [version], of, text, verb }) => {
      if (verb !== 'set' || version === undefined) unknown({ text });
      this.#hardware.node(of).version = version!;
    },
    reboot: ({ of }) => this.#shutdown(of, 'reboot'),
    shutdown: ({ of }) => this.#shutdown(of, 'shutdown'),
    'restart-lrm': ({ of }) => {
      const lrm = this.#daemons.lrm(of);
      if (lrm === undefined) return;
      this.#hardware.node(of).isLrmRestarting = true;
      lrm.requestShutdown();
    },
    crm: (command) => this.#crm(command),
    service: (command) => this.#service(command),
  };

  #power({ of, verb }: Command): void {
    if (verb !== 'on' && verb !== 'off') abort(`sim_hardware_cmd: unknown action '${verb}'`);
    const node = this.#hardware.node(of);
    if (verb === 'on' && !node.power) {
      if (this.#daemons.crm(of) === undefined) this.#daemons.startCrm(of);
      if (this.#daemons.lrm(of) === undefined) this.#daemons.startLrm(of);
      node.isLrmRestarting = false;
      node.isCfsBroken = false;
      node.isRefreshBroken = false;
    }
    if (verb === 'off' && node.power) this.#killNode(of);
    node.power = verb === 'on';
    node.network = verb === 'on';
    node.shutdown = '';
    this.#hardware.connectionChanged();
  }

  #killNode(name: string): void {
    const node = this.#hardware.node(name);
    for (const kind of ['crm', 'lrm'] as const) {
      const host = kind === 'crm' ? this.#daemons.crm(name) : this.#daemons.lrm(name);
      host?.log('info', 'killed by poweroff');
      this.#daemons.drop(name, kind);
    }
    node.isLrmRestarting = false;
    this.#hardware.watchdogs.removeAll(name);
    node.running = new Map();
  }

  #cfs({ args: [state], of, text, verb }: Command): void {
    if ((state !== 'work' && state !== 'fail') || (verb !== 'rw' && verb !== 'update')) unknown({ text });
    const node = this.#hardware.node(of);
    if (verb === 'rw') node.isCfsBroken = state === 'fail';
    else node.isRefreshBroken = state === 'fail';
  }

  #shutdown(of: string, marker: 'reboot' | 'shutdown'): void {
    this.#hardware.node(of).shutdown = marker;
    this.#daemons.lrm(of)?.requestShutdown();
  }

  #crm({ args: [argument], of, text, verb }: Command) {
    const { crmCommands } = this.#hardware;
    switch (verb) {
      case 'stop': {
        const crm = this.#daemons.crm(of);
        if (crm === undefined) return;
        this.#hardware.node(of).isCrmStopping = true;
        return crm.requestShutdown();
      }
      case 'start':
        if (this.#daemons.crm(of) === undefined) this.#daemons.startCrm(of);
        return;
      case 'enable-node-maintenance':
      case 'disable-node-maintenance':
        crmCommands.push(`${verb} ${of}`);
        return;
      case 'disarm-ha':
        if (argument !== 'freeze' && argument !== 'ignore') {
          abort(`sim_hardware_cmd: unknown resource mode '${argument ?? ''}'`);
        }
        crmCommands.push(`disarm-ha ${argument}`);
        return;
      case 'arm-ha':
        crmCommands.push('arm-ha');
        return;
      default:
        unknown({ text });
    }
  }

  #service(command: Command) {
    const { args, of: sid, text, verb } = command;
    switch (verb) {
      case 'started':
      case 'disabled':
      case 'stopped':
      case 'ignored':
        this.#configured(sid);
        return this.#hardware.patchService(sid, { state: verb });
      case 'migrate':
      case 'relocate':
      case 'stop':
        if (args[0] === undefined) unknown({ text });
        this.#hardware.crmCommands.push(`${verb} ${sid} ${args[0]}`);
        return;
      case 'add':
        return this.#add(command);
      case 'delete':
        this.#configured(sid);
        this.#hardware.setService(sid, undefined);
        delete this.#hardware.staticStats[sid];
        return;
      case 'lock':
        this.#existing(sid);
        return this.#hardware.patchService(sid, { lock: args[0] ?? 'backup' });
      case 'unlock':
        this.#existing(sid);
        if (args[0] === undefined || this.#hardware.lockOf(sid) === args[0]) {
          this.#hardware.patchService(sid, { lock: null });
        }
        return;
      case 'set-static-stats':
        this.#configured(sid);
        this.#hardware.staticStats[sid] = {
          ...this.#hardware.staticStats[sid],
          ...figures(command, { maxcpu: 1, maxmem: MIB }),
        };
        return;
      case 'set-dynamic-stats':
        this.#configured(sid);
        this.#hardware.dynamicStats[sid] = {
          ...this.#hardware.dynamicStats[sid],
          ...figures(command, { cpu: 1, mem: MIB }),
        };
        return;
      case 'manual-migrate':
        return this.#manualMigrate(command);
      default:
        unknown({ text });
    }
  }

  #add({ args: [node, state = 'started', running = '0'], of: sid, text }: Command): void {
    if (this.#hardware.service(sid) !== undefined) abort(`resource ID '${sid}' already defined`);
    if (node === undefined) unknown({ text });
    const [type, name] = sid.split(':');
    this.#hardware.setService(sid, { state, node, type, name });
    this.#hardware.nodes.get(node!)?.running.set(sid, isTruthy(running));
  }

  #manualMigrate({ args: [target], of: sid, text }: Command): void {
    if (target === undefined) unknown({ text });
    const config = this.#hardware.configs[sid];
    if (config === undefined) abort(`sim_hardware_cmd: service '${sid}' not configured`);
    if (config!.state !== 'ignored' && this.#hardware.managerStatus.disarm?.mode !== 'ignore') {
      abort("sim_hardware_cmd: manual-migrate requires service in 'ignored' state or disarm-ha ignore mode");
    }
    this.#hardware.patchService(sid, { node: target });
  }

  #existing(sid: string): void {
    if (this.#hardware.service(sid) === undefined) abort(`no such service '${sid}'`);
  }

  /** The original ends in an internal error here, of which the text isn't known. */
  #configured(sid: string): void {
    this.#existing(sid);
  }
}

/** Pairs of a figure's name and its value, each times its unit. */
function figures({ args, text }: Command, units: Readonly<Record<string, number>>): Record<string, number> {
  const set: Record<string, number> = {};
  for (let i = 0; i < args.length; i += 2) {
    const [key = '', value] = args.slice(i, i + 2);
    const unit = units[key];
    if (unit === undefined || value === undefined) unknown({ text });
    set[key] = Number(value) * unit!;
  }
  return set;
}

function unknown({ text }: { readonly text: string }): never {
  return abort(`sim_hardware_cmd: unknown command '${text}'`);
}

function abort(text: string): never {
  throw new SimulationAbort(text);
}
