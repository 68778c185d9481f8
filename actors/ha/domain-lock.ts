/**
 * The `ha` domain lock: who changes `ha/resources.cfg`, `ha/rules.cfg` or the queue of commands holds the directory
 * `priv/lock/domain-ha` meanwhile (spec/ha.md §8.3; spec/pmxcfs.md §2.6, client library facts).
 */
import type { Next } from '../../machines/ha/dialogue.ts';
import type { HaTimes } from '../../machines/ha/times.ts';
import { EACCES, EEXIST, ENOENT, EPERM } from '../../runtime/file-system/errno.ts';
import { makeDirectories } from './cluster-files.ts';
import { errnoText, failed, type Outcome } from './outcome.ts';
import type { Answer, HaPorts } from './ports.ts';

const ID = 'domain-ha';
const LOCKS = 'priv/lock';
/** A part of the time left is slept between two tries. */
const RETRY_SHARE = 0.1;

type LockPorts = Pick<HaPorts, 'clock' | 'files'>;

/** Runs `use` under the lock and answers with what it came to; a use that takes too long is given up, and its answer ignored. */
export function withDomainLock<Value>(
  ports: LockPorts,
  times: HaTimes,
  use: (done: Answer<Outcome<Value>>) => void,
  done: Answer<Outcome<Value>>,
): void {
  const { clock, files } = ports;
  acquire(ports, times, (failure) => {
    if (failure !== undefined) return done(failed(`cfs-lock '${ID}' error: ${failure}`));
    let isOver = false;
    const end = (outcome: Outcome<Value>): void => {
      if (isOver) return;
      isOver = true;
      clock.clearTimeout(timer);
      files.rmdir(`${LOCKS}/${ID}`, () => done(outcome));
    };
    const late = failed(`'${ID}'-locked command timed out - aborting`);
    const timer = clock.setTimeout(() => end(late), times.domain_lock_use_s * 1000);
    use(end);
  });
}

/** Answers why it couldn't be had, or undefined. */
function acquire({ clock, files }: LockPorts, times: HaTimes, done: Answer<string | undefined>): void {
  const path = `${LOCKS}/${ID}`;
  const end_ms = clock.monotonic_ms() + times.domain_lock_wait_s * 1000;
  const attempt = (): void => files.mkdir(path, (errno) => settle(-errno));
  const settle = (errno: number): Next => {
    if (errno <= 0) return done(undefined);
    if (errno === ENOENT) return makeDirectories(files, LOCKS, (made) => (made < 0 ? refuse(-made) : attempt()));
    if (errno !== EEXIST) return refuse(errno);
    const left_ms = end_ms - clock.monotonic_ms();
    if (left_ms <= 0) return done('got lock request timeout');
    // pmxcfs drops it if its holder has vanished.
    files.setTime(path, 0, () => clock.setTimeout(attempt, left_ms * RETRY_SHARE));
  };
  const refuse = (errno: number): void =>
    done(
      errno === EACCES || errno === EPERM ? 'no quorum!' : `unable to create the lock directory - ${errnoText(errno)}`,
    );
  attempt();
}
