/** The inside of a forked process: signals, the way to the parent, and the end. */
import type { Actor } from 'comedy';
import type { ChildOrder, FromChild, Report, ToChild } from './child-protocol.ts';
import { prepareChild } from './isolated-child.ts';

/** Reports that the parent has not read yet; above it, tells to others are lost (and counted) instead of memory. */
const backlog_max = 10_000;

/** Prepares this process for the child that comedy's actor `self` stands for. */
export async function prepareForkedChild(self: Actor): Promise<(message: ToChild) => void> {
  const order = JSON.parse(String(self.getCustomParameters().order)) as ChildOrder;
  const parent = self.getParent();
  let backlog = 0;
  let lost = 0;
  const send = (report: FromChild): void => {
    backlog += 1;
    parent.send('report', { launch: order.launch, report } satisfies Report).then(read, read);
  };
  const read = (): void => {
    backlog -= 1;
    if (lost === 0 || backlog >= backlog_max) return;
    const message = `${order.name} lost ${lost} messages: its supervisor was not reading`;
    lost = 0;
    send({ kind: 'log', domain: 'main', level: 'warning', message });
  };
  const uplink = {
    report: (report: FromChild): void => {
      const spare = report.kind === 'outgoing' && report.envelope.kind === 'tell';
      if (spare && backlog >= backlog_max) lost += 1;
      else send(report);
    },
    exit: (code: number): void => exitWhenRead(() => backlog, code),
  };
  const receive = await prepareChild(order, uplink);
  takeSignals(self, () => receive({ kind: 'stop' }));
  return receive;
}

/**
 * comedy exits at once at SIGTERM and SIGINT, without running anybody's end. Here SIGTERM is an orderly end, and SIGINT is
 * the parent's business: a terminal sends it to the whole foreground group. A parent that is gone means the end.
 */
function takeSignals(self: Actor, stop: () => void): void {
  const system = self.getSystem();
  process.removeListener('SIGTERM', system.sigtermHandler);
  process.removeListener('SIGINT', system.sigintHandler);
  process.on('SIGTERM', stop);
  process.on('SIGINT', () => {});
  process.on('disconnect', stop);
}

/** Lets the last reports out, for a tenth of a second at most. */
function exitWhenRead(backlog: () => number, code: number): void {
  const given_up_ms = performance.now() + 100;
  const check = (): void => {
    if (backlog() === 0 || performance.now() >= given_up_ms) process.exit(code);
    setTimeout(check, 1);
  };
  check();
}
