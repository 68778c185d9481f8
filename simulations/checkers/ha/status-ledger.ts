/** The manager's status as it is written, flush by flush, in the order of the cluster's history. */
import type { ManagerStatus } from '../../../machines/ha/state-files.ts';
import type { ObservedNode, TreeChange } from '../observation.ts';
import { firstTime } from './lock-ledger.ts';

const STATUS = 'ha/manager_status';

export interface Flush {
  readonly before: ManagerStatus;
  readonly after: ManagerStatus;
  /** Node whose CRM has written it. */
  readonly by: number;
}

export class StatusLedger {
  #status: ManagerStatus = {};
  readonly #isFirst = firstTime();

  get status(): ManagerStatus {
    return this.#status;
  }

  /** The flush that `change` is; undefined where it is none, or is known. */
  note({ process }: ObservedNode, change: TreeChange): Flush | undefined {
    if (!this.#isFirst(change) || change.kind !== 'rename' || change.detail !== STATUS) return undefined;
    const text = process?.memdb.lookup(STATUS)?.data?.toString('utf8') ?? '';
    const before = this.#status;
    this.#status = text === '' ? {} : (JSON.parse(text) as ManagerStatus);
    return { before, after: this.#status, by: change.writer };
  }
}
