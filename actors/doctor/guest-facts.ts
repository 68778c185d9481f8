/** What bears on where a guest can run: its size, its disks, what of its host it holds. */
import { guestSettings } from '../ha/guest-config.ts';

export interface GuestFacts {
  readonly vmid: string;
  /** `vm:101`. */
  readonly sid: string;
  readonly type: 'vm' | 'ct';
  readonly node: string;
  readonly name: string | undefined;
  readonly memory_bytes: number;
  readonly onboot: boolean;
  readonly isTemplate: boolean;
  readonly lock: string | undefined;
  /** Storages of its disks. */
  readonly storages: ReadonlySet<string>;
  /** Devices of its host: `hostpci0`, `usb1`, a mount of a host's directory. */
  readonly bindings: readonly string[];
}

const MEBIBYTE = 1024 * 1024;
const default_mib = 512;
const diskKey = /^(?:ide|sata|scsi|virtio|efidisk|tpmstate|rootfs|mp)\d*$/;
const volume = /^([a-zA-Z][\w.-]*):/;

export function guestFacts(node: string, type: 'vm' | 'ct', vmid: string, text: string): GuestFacts {
  const settings = guestSettings(text);
  const storages = new Set<string>();
  const bindings: string[] = [];
  for (const [key, value] of settings) {
    if (diskKey.test(key)) {
      const first = value.split(',')[0]!.replace(/^(?:file|volume)=/, '');
      const storage = volume.exec(first)?.[1];
      if (storage !== undefined) storages.add(storage);
      else if (first.startsWith('/') && !/(?:^|,)shared=1(?:,|$)/.test(value)) bindings.push(key);
    }
    if (isHostDevice(key, value)) bindings.push(key);
  }
  const memory = /^(?:current=)?(\d+)/.exec(settings.get('memory') ?? '')?.[1];
  const name = settings.get('name') ?? settings.get('hostname');
  return {
    vmid,
    sid: `${type}:${vmid}`,
    type,
    node,
    name,
    memory_bytes: Number(memory ?? default_mib) * MEBIBYTE,
    onboot: settings.get('onboot') === '1',
    isTemplate: settings.get('template') === '1',
    lock: settings.get('lock'),
    storages,
    bindings,
  };
}

/** A mapping names a device of each node; a SPICE port is none. */
function isHostDevice(key: string, value: string): boolean {
  if (!/^(?:hostpci|usb|dev)\d+$/.test(key)) return false;
  return !/(?:^|,)mapping=/.test(value) && !/(?:^|,|host=)spice(?:,|$)/.test(value);
}
