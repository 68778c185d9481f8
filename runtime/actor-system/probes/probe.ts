/** Behaviours that the semantics suite runs on every host. */

import type { Address } from '../address.ts';
import { type ActorDefinition, defineBehaviour } from '../definition.ts';
import type { MailboxRule } from '../mailbox.ts';

export type ProbeProtocol = {
  note: { fields: { readonly n: number } };
  notes: { fields: object; reply: readonly number[] };
  echo: { fields: { readonly value: unknown }; reply: unknown };
  /** Answers after a while. */
  later: { fields: { readonly delay_ms: number }; reply: string };
  /** Never answers. */
  silence: { fields: object; reply: never };
  complain: { fields: { readonly sentence: string }; reply: never };
  throw: { fields: { readonly sentence: string }; reply: never };
  /** Throws in a timer, after it has answered. */
  throwLater: { fields: { readonly sentence: string }; reply: string };
  /** Throws where nothing of ours catches it. */
  throwOutside: { fields: { readonly sentence: string } };
  exit: { fields: { readonly code: number } };
  loop: { fields: object };
  /** Asks somebody else to echo, and answers with what came. */
  relay: { fields: { readonly to: string; readonly value: unknown; readonly deadline_ms: number }; reply: unknown };
  forward: { fields: { readonly to: string; readonly n: number } };
};

export function probe(name: string, mailbox: MailboxRule, drain: 'at once' | 'never' = 'at once') {
  return defineBehaviour<unknown, ProbeProtocol>()({
    name,
    mailbox,
    start: (scope) => {
      const notes: number[] = [];
      const handlers: Handlers = {
        note: ({ n }) => void notes.push(n),
        notes: (_, ask) => scope.reply(ask, notes),
        echo: ({ value }, ask) => scope.reply(ask, value),
        later: ({ delay_ms }, ask) => void scope.clock.setTimeout(() => scope.reply(ask, 'late'), delay_ms),
        silence: () => {},
        complain: ({ sentence }, ask) => scope.fail(ask, sentence),
        throw: ({ sentence }) => {
          throw new Error(sentence);
        },
        throwLater: ({ sentence }, ask) => {
          scope.reply(ask, 'soon');
          scope.clock.setTimeout(() => {
            throw new Error(sentence);
          }, 1);
        },
        throwOutside: ({ sentence }) => {
          setImmediate(() => {
            throw new Error(sentence);
          });
        },
        exit: ({ code }) => process.exit(code),
        loop: () => {
          for (;;);
        },
        relay: ({ to, value, deadline_ms }, ask) => {
          scope.ask(to as Address<ProbeProtocol>, { type: 'echo', value }, deadline_ms, (reply) =>
            reply.ok ? scope.reply(ask, reply.value) : scope.fail(ask, reply.error.code),
          );
        },
        forward: ({ to, n }) => void scope.tell(to as Address<ProbeProtocol>, { type: 'note', n }),
      };
      return {
        receive: (message, ask) => (handlers[message.type] as (message: unknown, ask: number) => void)(message, ask),
        ...(drain === 'at once' ? {} : { drain: () => {} }),
      };
    },
  }) satisfies ActorDefinition<unknown, ProbeProtocol>;
}

type Handlers = {
  readonly [T in keyof ProbeProtocol]: (message: ProbeProtocol[T]['fields'], ask: number) => void;
};

export const roomy: MailboxRule = { capacity: 10_000, whenFull: 'refuse' };
