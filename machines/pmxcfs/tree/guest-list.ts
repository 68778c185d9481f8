/**
 * The guest list: VMID → node, type and entry version (spec/pmxcfs.md §2.7). A function of the tree but for its
 * counters, which are local to one daemon run.
 *
 *  I1 a VMID is listed at most once.
 *  I2 every registration has a version greater than all before it.
 */
import type { GuestConfig, GuestType } from './path-class.ts';

export interface Guest {
  readonly node: string;
  readonly type: GuestType;
  /** Entry version: changes with each write of the configuration. */
  readonly version: number;
}

export class GuestList {
  readonly #guests = new Map<number, Guest>();
  #version = 0;
  #registrations = 0;

  /** `vmlist` of `.version`; u32, from 0. */
  get version(): number {
    return this.#version;
  }

  get size(): number {
    return this.#guests.size;
  }

  get(vmid: number): Guest | undefined {
    return this.#guests.get(vmid);
  }

  /** Order unspecified. */
  entries(): IterableIterator<[number, Guest]> {
    return this.#guests.entries();
  }

  /** True when the VMID is listed with another node or type, which CREATE, WRITE and RENAME refuse with EEXIST. */
  conflicts(config: GuestConfig): boolean {
    const listed = this.#guests.get(config.vmid);
    return listed !== undefined && !isSamePlace(listed, config);
  }

  /** True when exactly this configuration is the one listed. */
  lists(config: GuestConfig): boolean {
    const listed = this.#guests.get(config.vmid);
    return listed !== undefined && isSamePlace(listed, config);
  }

  register(config: GuestConfig): void {
    this.#count();
    this.#add(config);
  }

  /** Nothing for a VMID that is not listed. */
  unregister(vmid: number): void {
    if (this.#guests.delete(vmid)) this.#count();
  }

  /**
   * Starts anew from the configurations of a tree; undefined when the tree has no `nodes`, which counts nothing
   * (§13.1.4). Of a VMID found more than once the first place is listed.
   */
  rebuild(configs: Iterable<GuestConfig> | undefined): void {
    this.#guests.clear();
    if (configs === undefined) return;
    this.#count();
    for (const config of configs) {
      if (!this.#guests.has(config.vmid)) this.#add(config);
    }
  }

  #add(config: GuestConfig): void {
    this.#registrations = (this.#registrations + 1) >>> 0;
    this.#guests.set(config.vmid, { node: config.node, type: config.type, version: this.#registrations });
  }

  #count(): void {
    this.#version = (this.#version + 1) >>> 0;
  }
}

/** VMIDs that occur more than once, once per surplus occurrence. */
export function duplicateVmids(configs: Iterable<GuestConfig>): readonly number[] {
  const seen = new Set<number>();
  const duplicates: number[] = [];
  for (const { vmid } of configs) {
    if (seen.has(vmid)) duplicates.push(vmid);
    seen.add(vmid);
  }
  return duplicates;
}

function isSamePlace(guest: Guest, config: GuestConfig): boolean {
  return guest.node === config.node && guest.type === config.type;
}
