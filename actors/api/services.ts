/**
 * Services of a node (spec/services.md §2). Where systemd runs the machine it is asked; a node below a root of its own, or one without
 * systemd, tells of the actors that its supervisor runs.
 */
import { connectControl } from '../../runtime/ipc/control-client.ts';
import { nodeLayout } from '../../runtime/node/layout.ts';
import { ApiFailure } from './failure.ts';
import type { ApiWorld } from './world.ts';

export interface ServiceState {
  readonly service: string;
  readonly name: string;
  readonly desc: string;
  readonly state: string;
  readonly 'unit-state': string;
  readonly 'active-state': string;
}

const KNOWN: readonly (readonly [name: string, description: string])[] = [
  ['chrony', 'chrony, an NTP client/server'],
  ['corosync', 'Corosync Cluster Engine'],
  ['cron', 'Regular background program processing daemon'],
  ['ksmtuned', 'Kernel Samepage Merging (KSM) Tuning Daemon'],
  ['lxcfs', 'FUSE filesystem for LXC'],
  ['postfix', 'Postfix Mail Transport Agent'],
  ['proxmox-firewall', 'Proxmox nftables firewall'],
  ['pve-cluster', 'The Proxmox VE cluster filesystem'],
  ['pve-firewall', 'Proxmox VE firewall'],
  ['pve-ha-crm', 'PVE Cluster HA Resource Manager Daemon'],
  ['pve-ha-lrm', 'PVE Local HA Resource Manager Daemon'],
  ['pve-lxc-syscalld', 'Proxmox VE LXC Syscall Daemon'],
  ['pvedaemon', 'PVE API Daemon'],
  ['pvefw-logger', 'Proxmox VE firewall logger'],
  ['pveproxy', 'PVE API Proxy Server'],
  ['pvescheduler', 'Proxmox VE scheduler'],
  ['pvestatd', 'PVE Status Daemon'],
  ['qmeventd', 'PVE Qemu Event Daemon'],
  ['spiceproxy', 'PVE SPICE Proxy Server'],
  ['sshd', 'OpenBSD Secure Shell server'],
  ['syslog', 'System Logging Service'],
  ['systemd-journald', 'Journal Service'],
  ['systemd-timesyncd', 'Network Time Synchronization'],
];

/** Where the actor has another name than the service. */
const ACTOR_OF: Readonly<Record<string, string>> = { 'pve-cluster': 'cluster', corosync: 'cluster' };

export function isKnownService(name: string): boolean {
  return KNOWN.some(([known]) => known === name);
}

/** Those that can be described, sorted by name. */
export async function listServices(world: ApiWorld): Promise<readonly ServiceState[]> {
  const states = await Promise.all(KNOWN.map(([name]) => serviceState(world, name)));
  return states.filter((state) => state !== undefined);
}

export async function serviceState(world: ApiWorld, name: string): Promise<ServiceState | undefined> {
  return (await isRunBySystemd(world)) ? unitState(world, name) : actorState(world, name);
}

async function isRunBySystemd({ root, host }: ApiWorld): Promise<boolean> {
  return root === '/' && (await host.run('systemctl', ['show', '--property=Version'])).code === 0;
}

async function unitState({ host }: ApiWorld, name: string): Promise<ServiceState | undefined> {
  const { code, stdout } = await host.run('systemctl', [
    'show',
    name,
    '--property=Description,SubState,Result,Type,ActiveState,UnitFileState,LoadState',
  ]);
  const values = new Map([...stdout.matchAll(/^(\w+)=(.*)$/gm)].map(([, key, value]) => [key!, value!]));
  if (code !== 0 || values.size === 0) return undefined;
  const at = (key: string) => values.get(key) ?? '';
  const isDeadOneshot = at('Type') === 'oneshot' && at('SubState') === 'dead';
  return {
    service: name,
    name,
    desc: at('Description'),
    state: isDeadOneshot ? at('Result') : at('SubState'),
    'unit-state': at('LoadState') === 'not-found' ? 'not-found' : at('UnitFileState') || 'unknown',
    'active-state': at('ActiveState'),
  };
}

interface SupervisedActor {
  readonly name: string;
  readonly state: string;
}

async function actorState(world: ApiWorld, name: string): Promise<ServiceState | undefined> {
  const description = KNOWN.find(([known]) => known === name)?.[1] ?? name;
  const actor = (await supervised(world)).find((one) => one.name === (ACTOR_OF[name] ?? name));
  if (actor === undefined) return undefined;
  const isRunning = actor.state === 'running';
  return {
    service: name,
    name,
    desc: description,
    state: isRunning ? 'running' : 'dead',
    'unit-state': 'enabled',
    'active-state': isRunning ? 'active' : 'inactive',
  };
}

async function supervised(world: ApiWorld): Promise<readonly SupervisedActor[]> {
  const result = await askSupervisor(world, 'actors', {});
  const { children = [] } = result as { children?: readonly SupervisedActor[] };
  return Array.isArray(result) ? (result as readonly SupervisedActor[]) : children;
}

async function askSupervisor(world: ApiWorld, method: string, params: object): Promise<unknown> {
  const client = await connectControl('the node', nodeLayout(world.root).bootSocket);
  if ('failure' in client) throw new ApiFailure(client.failure.message);
  try {
    const outcome = await client.call(method, params);
    if ('error' in outcome) throw new ApiFailure(outcome.error.message);
    return outcome.result;
  } finally {
    client.close();
  }
}

const ESSENTIAL = new Set(['pveproxy', 'pvedaemon', 'pve-cluster']);
const COMMANDS: ReadonlySet<string> = new Set(['start', 'stop', 'restart', 'reload']);

/** Why the command is refused, or undefined. */
export function commandRefusal(service: string, command: string): string | undefined {
  if (!COMMANDS.has(command)) return `unknown service command '${command}'`;
  if (command === 'stop' && ESSENTIAL.has(service)) {
    return `invalid service cmd '${service} ${command}': refusing to stop essential service!`;
  }
  return undefined;
}

/** Carries out a command that isn't refused. @param print takes the output of the tools */
export async function changeService(
  world: ApiWorld,
  service: string,
  command: string,
  print: (line: string) => void,
): Promise<void> {
  if (!(await isRunBySystemd(world))) {
    const method = command === 'reload' ? 'restart' : command;
    await askSupervisor(world, method, { name: ACTOR_OF[service] ?? service });
    return;
  }
  const verb = command === 'reload' ? 'try-reload-or-restart' : command;
  const { code, stdout, stderr } = await world.host.run('systemctl', [verb, service]);
  for (const line of `${stdout}${stderr}`.split('\n')) if (line !== '') print(line);
  if (code !== 0) throw new ApiFailure(`command 'systemctl ${verb} ${service}' failed: exit code ${code}`);
}
