import { createActor } from 'xstate';
import { privilegeRefusal } from '../../../../../machines/access/permission-check.ts';
import { readActiveTasks, readArchivedTasks } from '../../../../../machines/daemons/task-list.ts';
import { LOOK_EVERY_MS, taskStopMachine } from '../../../../../machines/daemons/task-stop.ts';
import { splitList } from '../../../../../runtime/formats/list-text.ts';
import { taskClass, taskStatus } from '../../../../../runtime/formats/upid.ts';
import { failureOf, parameterFailure } from '../../../failure.ts';
import { flagOf, identityOf, index, method, numberOf, textOf } from '../../../method.ts';
import { fieldsOf, isRunning, taskEntry, taskOf } from '../../../tasks.ts';
import type { Call } from '../../../world.ts';

const task = '/nodes/{node}/tasks/{upid}';

/** A user also owns the tasks of own tokens, a token only its own. */
function isOwn(caller: string, { user, tokenid }: { readonly user: string; readonly tokenid?: string }): boolean {
  return caller === user || (tokenid !== undefined && caller === `${user}!${tokenid}`);
}

type Entry = ReturnType<typeof taskEntry>;

/** Running tasks first asked for by `active`, finished ones by `archive`; newest first. */
function collectTasks({ world }: Call, source: string): readonly Entry[] {
  const active = readActiveTasks(world.tasks.active()).map((one) => {
    if (one.endtime !== undefined || isRunning(world.tasks, one.upid)) return one;
    const log = world.tasks.log(one.upid);
    return { ...one, endtime: log?.mtime_s ?? 0, status: taskStatus(log?.text) };
  });
  const archived = [
    ...readArchivedTasks(world.tasks.archive('index.1')),
    ...readArchivedTasks(world.tasks.archive('index')),
  ];
  const known = new Set(active.map(({ upid }) => upid));
  const running = active.filter(({ endtime }) => endtime === undefined);
  const ended = [
    ...active.filter(({ endtime }) => endtime !== undefined),
    ...archived.filter(({ upid }) => !known.has(upid)),
  ];
  const wanted = source === 'active' ? active : source === 'all' ? [...running, ...ended] : ended;
  return wanted
    .map(taskEntry)
    .sort((one, other) => other.starttime - one.starttime || (one.upid < other.upid ? 1 : -1));
}

async function listTasks(call: Call) {
  const { world, extras } = call;
  const caller = identityOf(call);
  const question = { config: await world.userConfig(), caller };
  const seesAll = privilegeRefusal(question, `/nodes/${world.nodeName}`, ['Sys.Audit']) === undefined;
  const fits = filterOf(call);
  const matching = collectTasks(call, textOf(call, 'source') ?? 'archive').filter(
    (one) => (seesAll || isOwn(caller, one)) && fits(one),
  );
  extras.total = matching.length;
  const start = numberOf(call, 'start') ?? 0;
  return matching
    .slice(start, start + (numberOf(call, 'limit') ?? 50))
    .map((one) => (one.endtime === undefined ? { ...one, status: 'RUNNING' } : one));
}

function filterOf(call: Call): (entry: Entry) => boolean {
  const user = textOf(call, 'userfilter')?.toLowerCase();
  const [type, vmid] = [textOf(call, 'typefilter'), textOf(call, 'vmid')];
  const [since, until] = [numberOf(call, 'since'), numberOf(call, 'until')];
  const errors = flagOf(call, 'errors');
  const classes = splitList(textOf(call, 'statusfilter') ?? '');
  return (entry) => {
    const { tokenid, status } = entry;
    const whole = tokenid === undefined ? entry.user : `${entry.user}!${tokenid}`;
    if (user !== undefined && !whole.toLowerCase().includes(user)) return false;
    if (type !== undefined && entry.type !== type) return false;
    if (vmid !== undefined && entry.id !== vmid) return false;
    if (since !== undefined && entry.starttime < since) return false;
    if (until !== undefined && entry.starttime > until) return false;
    if (errors && (status === undefined || status === 'OK')) return false;
    return classes.length === 0 || (status !== undefined && classes.includes(taskClass(status)));
  };
}

/** Throws where the caller may not see the task. */
async function checkMayRead(call: Call, user: string): Promise<void> {
  const caller = identityOf(call);
  if (caller === user || (user.startsWith(`${caller}!`) && !caller.includes('!'))) return;
  const question = { config: await call.world.userConfig(), caller };
  const refusal = privilegeRefusal(question, `/nodes/${call.world.nodeName}`, ['Sys.Audit']);
  if (refusal !== undefined) throw failureOf(refusal);
}

async function status(call: Call) {
  const { upid, task: fields } = taskOf(call);
  await checkMayRead(call, fields.user);
  const { tasks } = call.world;
  // Looked at first: whoever is seen to have ended has written its last line.
  const runs = isRunning(tasks, upid);
  const log = tasks.log(upid);
  if (log === undefined) throw parameterFailure({ upid: 'no such task' });
  const shown = { upid, ...fieldsOf(fields) };
  if (runs) return { ...shown, status: 'running' };
  return { ...shown, status: 'stopped', exitstatus: taskStatus(log.text) };
}

async function log(call: Call) {
  const { upid, task: fields } = taskOf(call);
  await checkMayRead(call, fields.user);
  const found = call.world.tasks.log(upid);
  const lines =
    found === undefined
      ? [`unable to open file - No such file or directory`]
      : found.text === ''
        ? ['no content']
        : found.text.replace(/\n$/, '').split('\n');
  call.extras.total = lines.length;
  const start = numberOf(call, 'start') ?? 0;
  const limit = numberOf(call, 'limit') ?? 50;
  return lines.map((t, place) => ({ n: place + 1, t })).slice(start, limit === 0 ? undefined : start + limit);
}

async function stop(call: Call): Promise<null> {
  const { upid, task: fields } = taskOf(call);
  const { world } = call;
  const caller = identityOf(call);
  if (!isOwn(caller, fieldsOf(fields))) {
    const question = { config: await world.userConfig(), caller };
    const refusal = privilegeRefusal(question, `/nodes/${world.nodeName}`, ['Sys.Modify']);
    if (refusal !== undefined) throw failureOf(refusal);
  }
  if (isRunning(world.tasks, upid)) await stopped(call, upid, fields.pid);
  return null;
}

function stopped({ world }: Call, upid: string, pid: number): Promise<void> {
  const { tasks, clock } = world;
  return new Promise((resolve) => {
    const machine = taskStopMachine.provide({
      actions: {
        terminate: () => void tasks.signal(pid, 'SIGTERM'),
        kill: () => void tasks.signal(pid, 'SIGKILL'),
        lookLater: ({ self }) => {
          clock.setTimeout(() => self.send({ type: 'LOOKED', isRunning: isRunning(tasks, upid) }), LOOK_EVERY_MS);
        },
      },
    });
    const actor = createActor(machine, { id: 'task-stop' });
    actor.subscribe({ complete: resolve });
    actor.start();
  });
}

export const methods = [
  method('GET', '/nodes/{node}/tasks', listTasks),
  index(task, ['log', 'status']),
  method('GET', `${task}/status`, status),
  method('GET', `${task}/log`, log),
  method('DELETE', task, stop),
];
