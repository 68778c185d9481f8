/** What runs the guests of a real node, as long as there is no QEMU behind it. */
import type { AgentCall } from '../../../machines/ha/lrm-worker/command.ts';
import type { GuestProcesses } from '../../../runtime/guest/guest-process.ts';
import type { Log } from '../../../runtime/log/log.ts';
import { readText } from '../cluster-files.ts';
import { guestSettings } from '../guest-config.ts';
import { guestConfigPath, readGuestList, vmidOf } from '../guest-list.ts';
import type { Answer, HaPorts, Hypervisor } from '../ports.ts';
import { stealGuest } from '../service-files.ts';

const DOMAIN = 'pve-ha-lrm';

/** A node that can't run guests: nothing runs, and nothing can be started or moved. */
export function noHypervisor(log: Log): Hypervisor {
  return {
    call: (sid, { call }, done) => {
      if (call !== 'check-running') {
        log.write(DOMAIN, 'error', `unable to ${call} ${sid}: this node has no hypervisor yet`);
      }
      done(false);
    },
  };
}

export interface ProcessHypervisorPorts extends Pick<HaPorts, 'clock' | 'files' | 'node'> {
  readonly guests: GuestProcesses;
  readonly log: Log;
}

/** Key of a guest's configuration that holds the line of the shell. */
const COMMAND = 'process';
const DEFAULT_STOP_S = 60;

/** For tests: a guest is the process that its configuration names. A migration is stop, move and, on the other node, start. */
export function processHypervisor(ports: ProcessHypervisorPorts): Hypervisor {
  const { guests, log } = ports;
  const complain = (what: string, done: Answer<boolean>): void => {
    log.write(DOMAIN, 'error', what);
    done(false);
  };
  const start = (sid: string, done: Answer<boolean>): void =>
    readCommand(ports, sid, (command) => {
      if (command === undefined) return void complain(`guest ${sid} names no '${COMMAND}' to run`, done);
      const error = guests.start(sid, command);
      if (error === undefined) done(true);
      else complain(`unable to start ${sid}: ${error}`, done);
    });
  const migrate = (sid: string, target: string, done: Answer<boolean>): void =>
    guests.stop(sid, DEFAULT_STOP_S * 1000, () =>
      stealGuest(ports, { sid, from: ports.node, to: target }, (moved) => {
        if (moved.ok) done(true);
        else complain(`unable to move ${sid}: ${moved.error}`, done);
      }),
    );
  const act: Readonly<Record<AgentCall['call'], (sid: string, call: AgentCall, done: Answer<boolean>) => void>> = {
    'check-running': (sid, _, done) => done(guests.isRunning(sid)),
    start: (sid, _, done) => start(sid, done),
    shutdown: (sid, call, done) => {
      const { timeout } = call as Extract<AgentCall, { call: 'shutdown' }>;
      guests.stop(sid, Number(timeout ?? DEFAULT_STOP_S) * 1000, () => done(true));
    },
    migrate: (sid, call, done) => migrate(sid, (call as Extract<AgentCall, { call: 'migrate' }>).target, done),
  };
  return { call: (sid, call, done) => act[call.call](sid, call, done) };
}

function readCommand(
  { files, node }: Pick<HaPorts, 'files' | 'node'>,
  sid: string,
  done: Answer<string | undefined>,
): void {
  const vmid = vmidOf(sid);
  readGuestList(files, (list) => {
    const guest = list.ok ? list.value.get(vmid) : undefined;
    if (guest === undefined) return void done(undefined);
    readText(files, guestConfigPath(node, vmid, guest), (read) =>
      done(read.ok ? guestSettings(read.value ?? '').get(COMMAND) : undefined),
    );
  });
}
