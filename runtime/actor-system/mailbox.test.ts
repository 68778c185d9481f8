import fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { MessageEnvelope } from './envelope.ts';
import { Mailbox, type MailboxRule } from './mailbox.ts';

const message = (n: number): MessageEnvelope => ({
  kind: 'tell',
  from: 'n1/a',
  to: 'n1/b',
  body: String(n),
  ask: 0,
  deadline_ms: 0,
  cause: 0,
});

test('I1 I2 I3 hold in every order of offers, hand-overs and completions', () => {
  const rules = fc.record<MailboxRule>({
    capacity: fc.integer({ min: 1, max: 50 }),
    whenFull: fc.constantFrom('refuse', 'drop-oldest'),
  });
  const moves = fc.array(fc.constantFrom('offer', 'offer', 'offer', 'take', 'handled'), { maxLength: 300 });
  fc.assert(
    fc.property(rules, moves, (rule, steps) => {
      const mailbox = new Mailbox(rule);
      const model: number[] = [];
      let inHand = 0;
      let next = 0;
      for (const step of steps) {
        if (step === 'handled') {
          if (inHand > 0) {
            inHand -= 1;
            mailbox.handled();
          }
        } else if (step === 'take') {
          const taken = mailbox.take();
          const window = rule.whenFull === 'refuse' ? Math.min(32, rule.capacity) : 1;
          const expected = inHand >= window ? undefined : model.shift();
          assert.is(taken?.body, expected === undefined ? undefined : String(expected));
          if (taken !== undefined) inHand += 1;
        } else {
          next += 1;
          const accepted = mailbox.offer(message(next));
          const full = rule.whenFull === 'refuse' && model.length + inHand >= rule.capacity;
          assert.is(accepted === 'full', full);
          if (!full) model.push(next);
          const dropped = model.length > rule.capacity ? model.shift() : undefined;
          assert.is(typeof accepted === 'object' ? accepted.dropped.body : undefined, dropped?.toString());
        }
        assert.is(mailbox.depth, model.length + inHand);
        assert.ok(mailbox.depth <= rule.capacity + (rule.whenFull === 'refuse' ? 0 : 1));
      }
      assert.equal(
        mailbox.clear().map(({ body }) => body),
        model.map(String),
      );
      assert.is(mailbox.depth, 0);
    }),
  );
});

test.run();
