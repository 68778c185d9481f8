/** This machine: its watchdog, its clock, its copy of the configuration. */
import type { ClusterDescription } from './cluster-description.ts';
import type { Finding } from './finding.ts';

export interface Machine {
  /** Its nodes have the machine to themselves. */
  readonly isWhole: boolean;
  readonly now_ms: number;
  /** Names in a directory; none where it isn't one. Paths have no slash at the beginning. */
  list(path: string): readonly string[];
  /** Text of a file, empty for what is no regular one; undefined where there is nothing. */
  read(path: string): string | undefined;
}

/** Names that the kernel's drivers give themselves. */
const softwareDrivers = /^Software Watchdog$/i;

export function checkWatchdog({ list, read }: Machine, hasHa: boolean): readonly Finding[] {
  const device = ['dev/watchdog0', 'dev/watchdog'].find((path) => read(path) !== undefined);
  const isServed = read('run/watchdog-mux.sock') !== undefined;
  if (device === undefined && !isServed) {
    return [
      {
        code: 'no-watchdog',
        gravity: hasHa ? 'error' : 'note',
        what: 'this machine has no watchdog device',
        why: 'HA needs one: a node that hangs must be reset before its guests start elsewhere; without a device a stand-in kills the node’s processes, which a kernel that hangs survives',
        todo: 'load the driver of the hardware (WATCHDOG_MODULE in /etc/default/pve-ha-manager), or softdog',
      },
    ];
  }
  const findings: Finding[] = [];
  if (device === undefined) {
    findings.push({
      code: 'stand-in-watchdog',
      gravity: hasHa ? 'warning' : 'note',
      what: 'the watchdog is a stand-in: this machine has no device',
      why: 'it ends the processes of a node that has lost its lock, but not a machine whose kernel hangs',
      todo: 'load the driver of the hardware (WATCHDOG_MODULE in /etc/default/pve-ha-manager), or softdog',
    });
  }
  const drivers = 'sys/class/watchdog';
  const identities = list(drivers).flatMap((name) => read(`${drivers}/${name}/identity`)?.trim() ?? []);
  if (identities.length > 0 && identities.every((identity) => softwareDrivers.test(identity))) {
    findings.push({
      code: 'software-watchdog',
      gravity: 'note',
      what: 'the only watchdog is the kernel’s own (softdog)',
      why: 'it does not reset a machine whose kernel hangs as a whole',
      todo: 'use the hardware’s (iTCO_wdt, ipmi_watchdog, sp5100_tco) by WATCHDOG_MODULE in /etc/default/pve-ha-manager',
    });
  }
  if (!isServed && hasHa) {
    findings.push({
      code: 'watchdog-unserved',
      gravity: 'error',
      what: 'watchdog-mux does not listen on /run/watchdog-mux.sock',
      why: 'CRM and LRM can’t open their watchdogs, so HA does nothing on this node',
      todo: 'systemctl status watchdog-mux',
    });
  }
  return findings;
}

/** A status is written every ten seconds or so; a file from the future is a clock that is wrong. */
const fresh_s = 120;
const skew_s = 5;

export function checkClocks({ now_ms }: Machine, { lrm, manager, nodes }: ClusterDescription): readonly Finding[] {
  const now_s = now_ms / 1000;
  const stamps: [string, number][] = nodes.flatMap((node) => {
    const stamp = lrm.get(node)?.timestamp;
    return stamp === undefined ? [] : [[node, stamp] as [string, number]];
  });
  if (manager.master_node !== undefined && manager.timestamp !== undefined) {
    stamps.push([manager.master_node, manager.timestamp]);
  }
  const ahead = stamps.filter(([, stamp]) => stamp - now_s > skew_s);
  const findings: Finding[] = [...new Map(ahead)].map(([node, stamp]) => ({
    code: 'clock-differs',
    gravity: 'warning',
    what: `the clock of ${node} is ${Math.round(stamp - now_s)} s ahead of this machine's`,
    why: 'tickets, certificates and the order of lines in logs depend on clocks that agree',
    todo: 'let chrony or another time service run on every node',
  }));
  const master = manager.timestamp;
  if (master !== undefined && now_s - master > fresh_s) {
    findings.push({
      code: 'manager-silent',
      gravity: 'warning',
      what: `the manager's status is ${Math.round(now_s - master)} s old`,
      why: 'no master is at work, or its clock is behind: nothing is recovered meanwhile',
      todo: 'ha-manager status tells who the master is; is the cluster quorate, is pve-ha-crm running?',
    });
  }
  return findings;
}

export function checkTimeService({ read }: Machine): readonly Finding[] {
  const signs = ['run/systemd/timesync/synchronized', 'run/chrony/chronyd.pid', 'run/chronyd.pid', 'run/ntpd.pid'];
  if (signs.some((path) => read(path) !== undefined)) return [];
  return [
    {
      code: 'no-time-service',
      gravity: 'warning',
      what: 'no time service is seen on this machine (chrony, systemd-timesyncd, ntpd)',
      why: 'clocks of nodes drift apart, which breaks tickets and confuses logs',
      todo: 'apt install chrony',
    },
  ];
}

/** The copy that the engine reads at its start. */
export function checkHostConfig({ read }: Machine, { files }: ClusterDescription): readonly Finding[] {
  const version = (text: string | undefined): string | undefined =>
    /^\s*config_version:\s*(\d+)/m.exec(text ?? '')?.[1];
  const [shared, own] = [version(files.get('corosync.conf')), version(read('etc/corosync/corosync.conf'))];
  if (own === undefined || shared === undefined || own === shared) return [];
  return [
    {
      code: 'config-version-differs',
      gravity: 'warning',
      what: `/etc/corosync/corosync.conf has config_version ${own}, /etc/pve/corosync.conf has ${shared}`,
      why: 'a node with an older configuration does not get into the cluster again after a restart',
      todo: 'is the cluster quorate? It copies the newer one by itself then',
    },
  ];
}
