import { method } from '../../../method.ts';
import { currentCpu, currentMemory, readCpuInfo, uptimeOf, versionText } from '../../../node-figures.ts';
import type { Call } from '../../../world.ts';

/** spec/status.md §8 */
function nodeStatus({ world }: Call) {
  const { host } = world;
  const { kernel, rootfs } = host.facts();
  const isEfi =
    host.linkTarget('/sys/firmware/efi') !== undefined ||
    host.readSystem('/sys/firmware/efi/fw_platform_size') !== undefined;
  const loadavg = (host.readSystem('/proc/loadavg') ?? '0 0 0').split(' ').slice(0, 3);
  const shared = Number(host.readSystem('/sys/kernel/mm/ksm/pages_sharing') ?? 0) * 4096;
  return {
    uptime: uptimeOf(world),
    idle: 0,
    loadavg,
    kversion: `${kernel.sysname} ${kernel.release} ${kernel.version}`,
    'current-kernel': kernel,
    'boot-info': { mode: isEfi ? 'efi' : 'legacy-bios' },
    cpuinfo: readCpuInfo(host.readSystem('/proc/cpuinfo') ?? ''),
    ...currentCpu(world),
    ...currentMemory(world),
    ksm: { shared },
    pveversion: versionText(),
    rootfs: { ...rootfs, free: rootfs.total - rootfs.used },
  };
}

export const methods = [method('GET', '/nodes/{node}/status', nodeStatus)];
