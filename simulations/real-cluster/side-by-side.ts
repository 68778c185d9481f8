/**
 * Tests that wait for other processes most of their time, run side by side: each begins as soon as there is room, and reports
 * under its own name.
 */
import { test } from 'uvu';

/** Starting a node takes a second of one core; more at once only wait for each other. */
const ROOM = 3;

let room = ROOM;
const waiting: (() => void)[] = [];

async function inTurn<T>(body: () => Promise<T>): Promise<T> {
  if (room > 0) room -= 1;
  else await new Promise<void>((go) => waiting.push(go));
  try {
    return await body();
  } finally {
    const next = waiting.shift();
    if (next === undefined) room += 1;
    else next();
  }
}

/** A test that shares nothing with the others of its file. */
export function testAside(name: string, body: () => Promise<void>): void {
  const outcome = inTurn(body).then(
    () => undefined,
    (thrown: unknown) => ({ thrown }),
  );
  test(name, async () => {
    const failure = await outcome;
    if (failure !== undefined) throw failure.thrown;
  });
}
