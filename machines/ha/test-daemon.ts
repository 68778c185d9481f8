/** For tests: a world of one daemon, of which each answer can be set. */
import type { Daemon } from './daemon.ts';
import type { Ask, In, Out, Reply, Source } from './port.ts';
import type { LrmStatus, ManagerStatus, ServiceConfigs } from './state-files.ts';

export interface TestFiles {
  members: { quorate: boolean; online: Record<string, boolean> };
  manager_status: ManagerStatus;
  lrm_status: Record<string, LrmStatus>;
  resources: ServiceConfigs;
  rules: string;
  groups: string;
  datacenter: { ha?: { shutdown_policy?: string }; crs?: Record<string, unknown> };
  versions: Record<string, string>;
  crmPending: boolean;
}

export class TestWorld {
  readonly files: TestFiles = {
    members: { quorate: true, online: { n1: true } },
    manager_status: {},
    lrm_status: {},
    resources: {},
    rules: '',
    groups: '',
    datacenter: {},
    versions: {},
    crmPending: false,
  };
  commands: string[] = [];
  /** Answers that take precedence; undefined leaves the ordinary one. */
  override: (ask: Ask) => Reply | undefined = () => undefined;
  readonly lines: string[] = [];
  readonly asks: Ask[] = [];
  /** How the last iteration ended. */
  end: Out | undefined;
  readonly #daemon: Daemon<string>;

  constructor(daemon: Daemon<string>) {
    this.#daemon = daemon;
    this.#carryOut(daemon.start());
  }

  tick(at: number): void {
    this.end = undefined;
    this.give({ type: 'TICK', at });
  }

  /** Gives an event, and answers at once until nothing is asked any more. */
  give(input: In): void {
    this.#carryOut(this.#daemon.take(input));
  }

  /** Lines since the last call. */
  said(): string[] {
    return this.lines.splice(0);
  }

  /** What was asked for since the last call, in short: `lock acquire`, `watchdog open`, `exec started vm:1`. */
  did(): string[] {
    return this.asks.splice(0).flatMap(inShort);
  }

  #carryOut(outs: readonly Out[]): void {
    for (const out of outs) {
      if (out.out === 'ask') {
        this.asks.push(out.ask);
        const reply = this.override(out.ask) ?? this.#answer(out.ask);
        this.give({ type: 'REPLY', id: out.id, ...reply });
      } else if (out.out === 'log') this.lines.push(`${out.level} ${out.text}`);
      else if (out.out === 'notify') this.lines.push(`mail ${out.prefix}: ${out.subject}`);
      else if (out.out !== 'decision') this.end = out;
    }
  }

  #answer(ask: Ask): Reply {
    switch (ask.op) {
      case 'read':
        return done(ask.what.map((source: Source) => this.files[source]));
      case 'write':
        if (ask.what === 'manager_status') this.files.manager_status = ask.value as ManagerStatus;
        return done(null);
      case 'takeCrmCommands':
        return done(this.commands.splice(0));
      case 'statistics':
        return done({ nodes: {}, services: {}, guests: {} });
      case 'removeLock':
        return done(null);
      case 'exec':
        return done(0);
      default:
        return done(true);
    }
  }
}

export function done(value: unknown): Reply {
  return { ok: true, value };
}

export function refused(error: string): Reply {
  return { ok: false, error };
}

function inShort(ask: Ask): readonly string[] {
  switch (ask.op) {
    case 'lock':
      return [`${ask.do} ${ask.name}`];
    case 'watchdog':
      return [`watchdog ${ask.do}`];
    case 'exec':
      return [`exec ${ask.cmd} ${ask.sid}`];
    case 'write':
      return [`write ${ask.what}`];
    case 'steal':
      return [`steal ${ask.sid} ${ask.from} ${ask.to}`];
    default:
      return [];
  }
}
