/** What the HA daemons read, from files of the cluster file system (spec/ha.md §8, §12). Nothing is cached but what was parsed. */
import type { Next } from '../../machines/ha/dialogue.ts';
import type { Source } from '../../machines/ha/port.ts';
import { parseResources, type ResourceSet } from '../../machines/ha/resources.ts';
import type {
  DatacenterSettings,
  LrmStatus,
  ManagerStatus,
  Members,
  ServiceConfig,
  ServiceConfigs,
} from '../../machines/ha/state-files.ts';
import { readDatacenterConfig } from '../../runtime/formats/datacenter-config.ts';
import { inTurn, isObject, parseObject, readObject, readText } from './cluster-files.ts';
import { type GuestList, readGuestList, vmidOf } from './guest-list.ts';
import { type Outcome, succeeded } from './outcome.ts';
import type { Answer, HaPorts } from './ports.ts';

type Warn = (text: string) => void;
type SourcePorts = Pick<HaPorts, 'files' | 'node'>;

export class Sources {
  readonly #ports: SourcePorts;
  readonly #resources: Parsed<ResourceSet>;
  readonly #datacenter: Parsed<DatacenterSettings>;
  readonly #warn: Warn;
  /** Resources without a guest, as they were told last. */
  #lost = '';

  constructor(ports: SourcePorts, warn: Warn) {
    this.#ports = ports;
    this.#warn = warn;
    this.#resources = new Parsed((text) => {
      const { resources, warnings } = parseResources(text);
      return { value: resources, warnings };
    }, warn);
    this.#datacenter = new Parsed((text) => {
      const { config, warnings } = readDatacenterConfig(text);
      return { value: config, warnings };
    }, warn);
  }

  /** One value for each source, in their order; the first failure is that of all. */
  read(what: readonly Source[], done: Answer<Outcome<readonly unknown[]>>): void {
    inTurn<Source, unknown>(what, (source, next) => this.#read(source, next), done);
  }

  readServices(done: Answer<Outcome<ServiceConfigs>>): void {
    const { files } = this.#ports;
    readText(files, 'ha/resources.cfg', (text) => {
      if (!text.ok) return done(text);
      const resources = this.#resources.of(text.value ?? '');
      if (resources.ids.size === 0) return done(succeeded({}));
      readGuestList(files, (guests) => done(guests.ok ? succeeded(this.#join(resources, guests.value)) : guests));
    });
  }

  readDatacenter(done: Answer<Outcome<DatacenterSettings>>): void {
    readText(this.#ports.files, 'datacenter.cfg', (read) =>
      done(read.ok ? succeeded(this.#datacenter.of(read.value ?? '')) : read),
    );
  }

  #read(source: Source, done: Answer<Outcome<unknown>>): Next {
    const { files } = this.#ports;
    switch (source) {
      case 'members':
        return this.#readMembers(done);
      case 'manager_status':
        return this.#readManagerStatus(done);
      case 'lrm_status':
        return this.#readLrmStatus(done);
      case 'resources':
        return this.readServices(done);
      case 'rules':
      case 'groups':
        return readText(files, `ha/${source}.cfg`, (read) => done(read.ok ? succeeded(read.value ?? '') : read));
      case 'datacenter':
        return this.readDatacenter(done);
      case 'versions':
        return this.#readVersions(done);
      case 'crmPending':
        return readText(files, 'ha/crm_commands', (read) =>
          done(read.ok ? succeeded((read.value ?? '') !== '') : read),
        );
    }
  }

  /** The own node is always seen; a node without cluster is quorate by itself. */
  #readMembers(done: Answer<Outcome<Members>>): void {
    const { files, node } = this.#ports;
    readObject(files, '.members', (read) => {
      if (!read.ok) return done(read);
      const { cluster, nodelist } = read.value ?? {};
      const online: Record<string, boolean> = {};
      for (const [name, entry] of Object.entries(isObject(nodelist) ? nodelist : {})) {
        online[name] = isObject(entry) && entry.online === 1;
      }
      online[node] = true;
      done(succeeded({ quorate: isObject(cluster) ? cluster.quorate === 1 : true, online }));
    });
  }

  #readManagerStatus(done: Answer<Outcome<ManagerStatus>>): void {
    readObject(this.#ports.files, 'ha/manager_status', (read) =>
      done(read.ok ? succeeded((read.value ?? {}) as ManagerStatus) : read),
    );
  }

  /** Of every node that may be asked about. A node without one, or with a broken one, is not to be taken for an active one. */
  #readLrmStatus(done: Answer<Outcome<Readonly<Record<string, LrmStatus>>>>): void {
    const { files } = this.#ports;
    this.#readMembers((members) => {
      if (!members.ok) return done(members);
      this.#readManagerStatus((manager) => {
        if (!manager.ok) return done(manager);
        const names = new Set([...Object.keys(members.value.online), ...Object.keys(manager.value.node_status ?? {})]);
        const statuses: Record<string, LrmStatus> = {};
        const readOne = (name: string, next: Answer<Outcome<undefined>>): void => {
          const path = `nodes/${name}/lrm_status`;
          readText(files, path, (read) => {
            if (!read.ok) return next(read);
            const parsed = read.value ? parseObject(read.value, path) : undefined;
            if (parsed?.ok === false) this.#warn(parsed.error);
            statuses[name] = parsed?.ok ? (parsed.value as LrmStatus) : { mode: 'unknown' };
            next(succeeded(undefined));
          });
        };
        inTurn([...names].sort(), readOne, (all) => done(all.ok ? succeeded(statuses) : all));
      });
    });
  }

  #readVersions(done: Answer<Outcome<Readonly<Record<string, string>>>>): void {
    this.#ports.files.published('version-info', (values) => {
      const versions: Record<string, string> = {};
      for (const [node, text] of Object.entries(typeof values === 'number' ? {} : values)) {
        const info = parseObject(text, 'version-info');
        if (info.ok && typeof info.value.version === 'string') versions[node] = info.value.version;
      }
      done(succeeded(versions));
    });
  }

  /** A resource is where its guest's configuration is; without one it doesn't exist. */
  #join({ ids }: ResourceSet, guests: GuestList): ServiceConfigs {
    const configs: Record<string, ServiceConfig> = {};
    const lost: string[] = [];
    for (const [sid, resource] of ids) {
      const guest = guests.get(vmidOf(sid));
      if (guest === undefined) {
        lost.push(sid);
        continue;
      }
      const { failback, group, max_relocate, max_restart, state = 'started' } = resource;
      configs[sid] = {
        node: guest.node,
        state: state === 'enabled' ? 'started' : state,
        failback: Number(failback ?? 1) !== 0,
        max_restart: Number(max_restart ?? 1),
        max_relocate: Number(max_relocate ?? 1),
        ...(group !== undefined && { group }),
      };
    }
    this.#tellLost(lost);
    return configs;
  }

  #tellLost(lost: readonly string[]): void {
    const told = lost.join(' ');
    if (told === this.#lost) return;
    this.#lost = told;
    for (const sid of lost) this.#warn(`no such guest '${vmidOf(sid)}' - ignore resource '${sid}'`);
  }
}

/** Parses a text once, and tells its warnings once. */
class Parsed<Value> {
  readonly #parse: (text: string) => { readonly value: Value; readonly warnings: readonly string[] };
  readonly #warn: Warn;
  #last: { readonly text: string; readonly value: Value } | undefined;

  constructor(parse: (text: string) => { readonly value: Value; readonly warnings: readonly string[] }, warn: Warn) {
    this.#parse = parse;
    this.#warn = warn;
  }

  of(text: string): Value {
    if (this.#last?.text === text) return this.#last.value;
    const { value, warnings } = this.#parse(text);
    for (const warning of warnings) this.#warn(warning);
    this.#last = { text, value };
    return value;
  }
}
