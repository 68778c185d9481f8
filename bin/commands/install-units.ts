import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { CommandFailure, projectRoot } from './project.ts';

/** The units of a real node: one service, since the node supervises its own daemons. */
export function nodeUnit(program: string): string {
  return `[Unit]
Description=Proxmox VE node (pve-actors)
Wants=network-online.target
After=network-online.target time-sync.target
Before=pve-guests.service

[Service]
Type=exec
ExecStart=${process.execPath} ${program} boot
Restart=on-failure
RestartSec=2
TimeoutStopSec=10
KillMode=mixed
LimitNOFILE=65536

[Install]
WantedBy=multi-user.target
`;
}

export async function installUnits({ dir }: { readonly dir: string }): Promise<void> {
  const path = join(dir, 'pve-actors.service');
  try {
    writeFileSync(path, nodeUnit(join(projectRoot, 'dist', 'bin', 'pve-actors.js')));
  } catch (error) {
    throw new CommandFailure(`cannot write ${path}: ${(error as Error).message}; start as root, or give --dir`);
  }
  console.log(`wrote ${path}; run: systemctl daemon-reload && systemctl enable --now pve-actors`);
}
