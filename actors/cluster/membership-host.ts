/**
 * Runs the membership machine: the machine's actions are collected while it takes an event and carried out right after
 * it, in order, so that nothing runs inside the machine, and what runs may give it further events.
 */
import { createActor } from 'xstate';
import type { MembershipContext } from '../../machines/cluster/totem/join-verdict.ts';
import { type MembershipEvent, membershipMachine } from '../../machines/cluster/totem/membership.ts';
import type { CommitToken } from '../../machines/cluster/totem/messages.ts';
import { type Inspector, inspectedBy } from '../../runtime/trace/machine-steps.ts';

export type MembershipState = 'idle' | 'gather' | 'commit' | 'recovery' | 'operational' | 'left';

type PlainAction =
  | 'sendJoin'
  | 'armGather'
  | 'disarmGather'
  | 'sendLeave'
  | 'ringLost'
  | 'startToken'
  | 'abandonForming'
  | 'install'
  | 'logTokenLoss'
  | 'stop';

/** What the machine's actions do; see membership.ts for each. */
export type MembershipActions = {
  readonly [Name in PlainAction]: (context: MembershipContext) => void;
} & {
  /** False when it could not be stored: nothing else of this step is carried out, and the node leaves. */
  readonly saveRing: (context: MembershipContext) => boolean;
} & {
  readonly [Name in 'passCommitToken' | 'startRecovery']: (context: MembershipContext, token: CommitToken) => void;
};

export interface MembershipInput {
  readonly self: number;
  readonly configured: readonly number[];
  readonly highestSeq: number;
}

export class MembershipHost {
  readonly #requests: (() => void)[] = [];
  readonly #actor: ReturnType<typeof this.create>;
  #state: MembershipState = 'idle';

  constructor(input: MembershipInput, actions: MembershipActions, inspect?: Inspector) {
    this.#actor = this.create(input, actions, inspect);
    this.#actor.start();
  }

  get state(): MembershipState {
    return this.#state;
  }

  /** Gives the machine an event, then carries out what it asked for. May be called again from there. */
  tell(event: MembershipEvent): void {
    this.#actor.send(event);
    this.#state = this.#actor.getSnapshot().value as MembershipState;
    for (let request = this.#requests.shift(); request !== undefined; request = this.#requests.shift()) request();
  }

  private create(input: MembershipInput, actions: MembershipActions, inspect: Inspector | undefined) {
    const plain =
      (run: (context: MembershipContext) => void) =>
      ({ context }: { context: MembershipContext }): void => {
        this.#requests.push(() => run(context));
      };
    const withToken =
      (run: (context: MembershipContext, token: CommitToken) => void) =>
      ({ context }: { context: MembershipContext }, { token }: { readonly token: CommitToken }): void => {
        this.#requests.push(() => run(context, token));
      };
    const machine = membershipMachine.provide({
      actions: {
        sendJoin: plain(actions.sendJoin),
        armGather: plain(actions.armGather),
        disarmGather: plain(actions.disarmGather),
        sendLeave: plain(actions.sendLeave),
        ringLost: plain(actions.ringLost),
        saveRing: plain((context) => {
          if (actions.saveRing(context)) return;
          this.#requests.length = 0;
          this.tell({ type: 'LEAVE' });
        }),
        startToken: plain(actions.startToken),
        abandonForming: plain(actions.abandonForming),
        install: plain(actions.install),
        logTokenLoss: plain(actions.logTokenLoss),
        stop: plain(actions.stop),
        passCommitToken: withToken(actions.passCommitToken),
        startRecovery: withToken(actions.startRecovery),
      },
    });
    return createActor(machine, { id: 'membership', input, ...inspectedBy(inspect) });
  }
}
