/** Figures of this machine from the kernel's files (spec/status.md §3, §8). */
import { release } from './release.ts';
import type { ApiWorld } from './world.ts';

export interface CpuSample {
  readonly used: number;
  readonly total: number;
  readonly iowait: number;
}

/** The first line of `/proc/stat`; guest time is counted once. */
export function readCpuSample(text: string): CpuSample | undefined {
  const fields = /^cpu\s+(.*)$/m.exec(text)?.[1]?.trim().split(/\s+/).map(Number);
  if (fields === undefined || fields.length < 4) return undefined;
  const [user = 0, nice = 0, system = 0, idle = 0, iowait = 0, irq = 0, softirq = 0, steal = 0] = fields;
  const used = user + nice + system + irq + softirq + steal;
  return { used, total: used + idle + iowait, iowait };
}

/** Fractions between two samples; zeros where nothing has passed. */
export function cpuFractions(
  before: CpuSample | undefined,
  now: CpuSample,
): { readonly cpu: number; readonly wait: number } {
  const passed = before === undefined ? 0 : now.total - before.total;
  if (before === undefined || passed <= 0) return { cpu: 0, wait: 0 };
  const fraction = (delta: number) => Math.min(1, Math.max(0, delta / passed));
  return { cpu: fraction(now.used - before.used), wait: fraction(now.iowait - before.iowait) };
}

/** Bytes by the names of `/proc/meminfo`. */
export function readMeminfo(text: string): ReadonlyMap<string, number> {
  return new Map(
    [...text.matchAll(/^(\w+(?:\(\w+\))?):\s+(\d+) kB$/gm)].map(([, name, kib]) => [name!, Number(kib) * 1024]),
  );
}

export interface CpuInfo {
  readonly cpus: number;
  readonly cores: number;
  readonly sockets: number;
  readonly model: string;
  readonly mhz: string;
  readonly hvm: string;
  readonly user_hz: number;
  readonly flags: string;
}

const USER_HZ = 100;

export function readCpuInfo(text: string): CpuInfo {
  const blocks = text.split(/\n\s*\n/).filter((block) => /^processor\s*:/m.test(block));
  const field = (block: string, name: string) => new RegExp(`^${name}\\s*:\\s*(.*)$`, 'm').exec(block)?.[1]?.trim();
  const [first = ''] = blocks;
  const coresOf = new Map<string, number>();
  for (const block of blocks) coresOf.set(field(block, 'physical id') ?? '0', Number(field(block, 'cpu cores') ?? 1));
  const flags = field(first, 'flags') ?? field(first, 'Features') ?? '';
  const isVirtual = /\b(?:vmx|svm)\b/.test(flags);
  return {
    cpus: blocks.length,
    cores: [...coresOf.values()].reduce((sum, cores) => sum + cores, 0) || blocks.length,
    sockets: Math.max(1, coresOf.size),
    model: field(first, 'model name') ?? '',
    mhz: field(first, 'cpu MHz') ?? '',
    hvm: isVirtual ? '1' : '0',
    user_hz: USER_HZ,
    flags,
  };
}

/** The samples of two calls make the load between them; a worker keeps the last. */
const lastSample = new WeakMap<ApiWorld, CpuSample>();

export function currentCpu(world: ApiWorld): { readonly cpu: number; readonly wait: number } {
  const now = readCpuSample(world.host.readSystem('/proc/stat') ?? '');
  if (now === undefined) return { cpu: 0, wait: 0 };
  const before = lastSample.get(world);
  lastSample.set(world, now);
  return cpuFractions(before, now);
}

export function currentMemory(world: ApiWorld) {
  const info = readMeminfo(world.host.readSystem('/proc/meminfo') ?? '');
  const at = (name: string) => info.get(name) ?? 0;
  const [total, available] = [at('MemTotal'), at('MemAvailable')];
  return {
    memory: { total, available, used: total - available, free: at('MemFree') },
    swap: { total: at('SwapTotal'), free: at('SwapFree'), used: at('SwapTotal') - at('SwapFree') },
  };
}

export function uptimeOf(world: ApiWorld): number {
  return Math.floor(Number.parseFloat(world.host.readSystem('/proc/uptime') ?? '0'));
}

export function versionText(): string {
  return `pve-manager/${release.version}/${release.repoid}`;
}
