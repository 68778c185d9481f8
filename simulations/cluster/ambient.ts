/**
 * During a simulation nothing may ask the host for time, chance or a timer: such a call would make a seed mean something
 * else tomorrow. So these globals throw while one runs.
 */
const BANNED: readonly (readonly [object: object, name: string])[] = [
  [Date, 'now'],
  [Math, 'random'],
  [performance, 'now'],
  [globalThis, 'setTimeout'],
  [globalThis, 'setInterval'],
  [globalThis, 'setImmediate'],
  [globalThis, 'queueMicrotask'],
  [globalThis, 'Promise'],
];

/** Runs `body`, which must be synchronous, without the host's clock, timers, chance and promises. */
export function withoutAmbient<R>(body: () => R): R {
  const saved = BANNED.map(([object, name]) => [object, name, Object.getOwnPropertyDescriptor(object, name)] as const);
  for (const [object, name] of BANNED) {
    Object.defineProperty(object, name, { configurable: true, writable: true, value: banned(name) });
  }
  try {
    return body();
  } finally {
    for (const [object, name, descriptor] of saved) {
      if (descriptor === undefined) Reflect.deleteProperty(object, name);
      else Object.defineProperty(object, name, descriptor);
    }
  }
}

function banned(name: string) {
  return function ambient(): never {
    throw new Error(`a simulated actor used ${name} of the host`);
  };
}
