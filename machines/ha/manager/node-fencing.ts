/** One attempt to fence a node: mails, and its agent lock (spec/ha.md §3.4). */
import { Asking, answerOf, type Next, type Outbox } from '../dialogue.ts';
import type { Reply } from '../port.ts';
import type { ManagerStatus } from '../state-files.ts';
import type { ManagerMemory } from './memory.ts';

type Phase = 'announced' | 'locked' | 'acknowledged';

export class NodeFencing extends Asking<Phase> {
  readonly node: string;
  /** The node's agent lock is ours: nothing runs there any more. */
  isFenced = false;
  readonly #memory: ManagerMemory;
  readonly #at: number;

  /** @param at time of the round, seconds */
  constructor(memory: ManagerMemory, node: string, at: number, out: Outbox) {
    super(out);
    this.#memory = memory;
    this.#at = at;
    this.node = node;
    // A mail shows the status as it was flushed last, so it is read again.
    if (memory.nodes.startFencing(node)) this.ask({ op: 'read', what: ['manager_status'] }, 'announced');
    else this.#lock();
  }

  protected resume(phase: Phase, reply: Reply): Next {
    switch (phase) {
      case 'announced':
        this.#notify('FENCE', `Try to fence node '${this.node}'`, reply);
        return this.#lock();
      case 'locked': {
        if (answerOf(reply) !== true) return;
        this.log('info', this.#acknowledgement);
        this.#memory.nodes.endFencing(this.node);
        return this.ask({ op: 'read', what: ['manager_status'] }, 'acknowledged');
      }
      case 'acknowledged':
        this.#notify('SUCCEED', this.#acknowledgement, reply);
        this.isFenced = true;
    }
  }

  get #acknowledgement(): string {
    return `fencing: acknowledged - got agent lock for node '${this.node}'`;
  }

  #lock(): void {
    this.ask({ op: 'lock', do: 'acquire', name: `ha_agent_${this.node}_lock` }, 'locked');
  }

  #notify(prefix: 'FENCE' | 'SUCCEED', subject: string, reply: Reply): void {
    const [status] = answerOf(reply) as readonly [ManagerStatus | undefined];
    this.out.put({
      out: 'notify',
      template: 'fencing',
      prefix,
      subject,
      data: {
        'failed-node': this.node,
        'master-node': this.#memory.node,
        'fence-status': subject,
        'fence-prefix': prefix,
        'fence-timestamp': this.#at,
        'is-success': prefix === 'SUCCEED',
        nodes: status?.node_status ?? {},
        resources: status?.service_status ?? {},
      },
    });
  }
}
