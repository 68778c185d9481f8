import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { CommandFailure, projectRoot } from './project.ts';

interface UnitOptions {
  /** Node, and the folder of the programs. */
  readonly node: string;
  readonly bin: string;
}

/**
 * The units of a real node, by file name. One service runs the node, which supervises its daemons; those of high availability have
 * units too, so that systemd stops them in their order and with their time (spec/services.md §3), and the watchdog is its own.
 */
export function nodeUnits({ bin, node }: UnitOptions): ReadonlyMap<string, string> {
  const program = `${node} ${join(bin, 'pve-actors.js')}`;
  const daemon = (name: string, description: string, after: string, stopWithin: string): string => `[Unit]
Description=${description}
Wants=pve-actors.service watchdog-mux.service
After=pve-actors.service watchdog-mux.service ${after}
Before=pve-guests.service

[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart=${program} daemon start ${name}
ExecStop=${program} daemon stop ${name}
TimeoutStopSec=${stopWithin}
KillMode=process

[Install]
WantedBy=multi-user.target
`;
  return new Map([
    [
      'watchdog-mux.service',
      `[Unit]
Description=Proxmox VE watchdog multiplexer (pve-actors)

[Service]
Type=exec
ExecStart=${node} ${join(bin, 'watchdog-mux.js')} --node %l
OOMScoreAdjust=-1000
Restart=no

[Install]
WantedBy=multi-user.target
`,
    ],
    [
      'pve-actors.service',
      `[Unit]
Description=Proxmox VE node (pve-actors)
Wants=network-online.target watchdog-mux.service
After=network-online.target time-sync.target watchdog-mux.service
Before=pve-guests.service

[Service]
Type=exec
ExecStart=${program} boot
Restart=on-failure
RestartSec=2
TimeoutStopSec=200
KillMode=mixed
LimitNOFILE=65536

[Install]
WantedBy=multi-user.target
`,
    ],
    ['pve-ha-crm.service', daemon('pve-ha-crm', 'PVE Cluster HA Resource Manager Daemon', 'syslog.service', '65')],
    [
      'pve-ha-lrm.service',
      daemon(
        'pve-ha-lrm',
        'PVE Local HA Resource Manager Daemon',
        'pve-ha-crm.service lxc.service pve-storage.target ssh.service syslog.service',
        'infinity',
      ),
    ],
  ]);
}

export async function installUnits({ dir }: { readonly dir: string }): Promise<void> {
  const units = nodeUnits({ node: process.execPath, bin: join(projectRoot, 'dist', 'bin') });
  for (const [name, text] of units) {
    const path = join(dir, name);
    try {
      writeFileSync(path, text);
    } catch (error) {
      throw new CommandFailure(`cannot write ${path}: ${(error as Error).message}; start as root, or give --dir`);
    }
    console.log(`wrote ${path}`);
  }
  console.log(`run: systemctl daemon-reload && systemctl enable --now ${[...units.keys()].join(' ')}`);
}
