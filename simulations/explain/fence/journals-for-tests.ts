/** Journals of a cluster of three, in which n2 is fenced: written by hand from the catalogue of spec/ha.md §9, §10 and from corosync's lines. */

export type Entry = readonly [clock: string, node: string, program: string, message: string];

/** What all stories have before and after. */
export const before: readonly Entry[] = [
  ['09:00:01', 'n1', 'corosync[1201]', '  [TOTEM ] A new membership (1.2b) was formed. Members joined: 2 3'],
  ['09:00:01', 'n2', 'corosync[1202]', '  [TOTEM ] A new membership (1.2b) was formed. Members joined: 1 3'],
  ['09:00:01', 'n3', 'corosync[1203]', '  [TOTEM ] A new membership (1.2b) was formed. Members joined: 1 2'],
  ['09:00:01', 'n1', 'pmxcfs[1101]', '[dcdb] notice: members: 1/1101, 2/1102, 3/1103'],
  ['09:00:01', 'n2', 'pmxcfs[1102]', '[dcdb] notice: members: 1/1101, 2/1102, 3/1103'],
  ['09:00:01', 'n3', 'pmxcfs[1103]', '[dcdb] notice: members: 1/1101, 2/1102, 3/1103'],
  ['09:00:20', 'n1', 'pve-ha-crm[1301]', "successfully acquired lock 'ha_manager_lock'"],
  ['09:00:20', 'n1', 'pve-ha-crm[1301]', 'status change slave => master'],
  ['09:00:30', 'n2', 'pve-ha-lrm[1402]', "successfully acquired lock 'ha_agent_n2_lock'"],
  ['09:00:30', 'n2', 'pve-ha-lrm[1402]', 'watchdog active'],
  ['09:00:31', 'n2', 'sshd[77]', 'Accepted publickey for root from 192.0.2.1'],
  [
    '10:01:50',
    'n2',
    'pvedaemon[800]',
    '<root@pam> starting task UPID:n2:00000001:00000002:674A0001:vncproxy:101:root@pam:',
  ],
];

/** The survivors, from the loss on. */
export const survivors: readonly Entry[] = [
  ['10:02:02', 'n1', 'corosync[1201]', '  [TOTEM ] Token has not been received in 2737 ms'],
  ['10:02:04', 'n1', 'corosync[1201]', '  [TOTEM ] A new membership (1.2f) was formed. Members left: 2'],
  ['10:02:04', 'n3', 'corosync[1203]', '  [TOTEM ] A new membership (1.2f) was formed. Members left: 2'],
  ['10:02:08', 'n1', 'pve-ha-crm[1301]', "node 'n2': state changed from 'online' => 'unknown'"],
  ['10:03:08', 'n1', 'pve-ha-crm[1301]', "service 'vm:101': state changed from 'started' to 'fence'"],
  ['10:03:08', 'n1', 'pve-ha-crm[1301]', "service 'vm:102': state changed from 'started' to 'fence'"],
  ['10:03:08', 'n1', 'pve-ha-crm[1301]', "node 'n2': state changed from 'unknown' => 'fence'"],
  ['10:04:08', 'n1', 'pve-ha-crm[1301]', "fencing: acknowledged - got agent lock for node 'n2'"],
  ['10:04:08', 'n1', 'pve-ha-crm[1301]', "node 'n2': state changed from 'fence' => 'unknown'"],
  ['10:04:08', 'n1', 'pve-ha-crm[1301]', "service 'vm:101': state changed from 'fence' to 'recovery'"],
  ['10:04:08', 'n1', 'pve-ha-crm[1301]', "recover service 'vm:101' from fenced node 'n2' to node 'n3'"],
  ['10:04:08', 'n1', 'pve-ha-crm[1301]', "service 'vm:101': state changed from 'recovery' to 'started'  (node = n3)"],
  [
    '10:04:08',
    'n1',
    'pve-ha-crm[1301]',
    "recovering service 'vm:102' from fenced node 'n2' failed, no recovery node found",
  ],
  ['10:04:15', 'n3', 'pve-ha-lrm[1403]', 'starting service vm:101'],
  ['10:04:17', 'n3', 'pve-ha-lrm[1403]', 'service status vm:101 started'],
];

/** n2, cut off from the others. */
export const cutOff: readonly Entry[] = [
  ['10:02:00', 'n2', 'corosync[1202]', '  [KNET  ] link: host: 1 link: 0 is down'],
  ['10:02:00', 'n2', 'corosync[1202]', '  [KNET  ] host: host: 1 has no active links'],
  ['10:02:00', 'n2', 'corosync[1202]', '  [KNET  ] host: host: 3 has no active links'],
  ['10:02:03', 'n2', 'corosync[1202]', '  [TOTEM ] A new membership (2.2f) was formed. Members left: 1 3'],
  ['10:02:03', 'n2', 'pmxcfs[1102]', '[status] notice: node lost quorum'],
  ['10:02:05', 'n2', 'pve-ha-lrm[1402]', "lost lock 'ha_agent_n2_lock - cfs lock update failed - Permission denied"],
  ['10:02:05', 'n2', 'pve-ha-lrm[1402]', 'status change active => lost_agent_lock'],
  ['10:02:50', 'n2', 'watchdog-mux[900]', 'client (PID 1402) watchdog is about to expire'],
  ['10:03:00', 'n2', 'watchdog-mux[900]', 'client (PID 1402) watchdog expired - disable watchdog updates'],
];

export const startsAgain: readonly Entry[] = [
  ['10:05:40', 'n2', 'kernel', 'Linux version 6.14.8-2-pve (build@proxmox) #1 SMP PREEMPT_DYNAMIC'],
  ['10:06:30', 'n1', 'corosync[1201]', '  [TOTEM ] A new membership (1.33) was formed. Members joined: 2'],
  ['10:06:30', 'n2', 'corosync[1150]', '  [TOTEM ] A new membership (1.33) was formed. Members joined: 1 3'],
  ['10:06:38', 'n1', 'pve-ha-crm[1301]', "node 'n2': state changed from 'unknown' => 'online'"],
];

type Stamp = (clock: string) => string;

/** How journalctl and rsyslog stamp the lines of 20 November 2026. */
export const stamps: Readonly<Record<string, Stamp>> = {
  short: (clock) => `Nov 20 ${clock}`,
  'short-precise': (clock) => `Nov 20 ${clock}.120450`,
  'short-iso': (clock) => `2026-11-20T${clock}+0100`,
  'short-iso-precise': (clock) => `2026-11-20T${clock}.120450+01:00`,
  'short-full': (clock) => `Fri 2026-11-20 ${clock} UTC`,
};

/** Lines in the order of their clocks. */
export function journal(entries: readonly Entry[], stamp: Stamp = stamps.short!): string {
  const lines = [...entries].sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));
  return lines.map(([clock, node, program, message]) => `${stamp(clock)} ${node} ${program}: ${message}\n`).join('');
}
