/** Waiting for a condition of another process, bounded. */
const POLL_MS = 25;

/** Resolves with the first answer that is neither undefined nor false; rejects after `bound_ms` with what was waited for. */
export async function until<T>(
  what: string,
  bound_ms: number,
  condition: () => T | undefined | false | Promise<T | undefined | false>,
  explain: () => string = () => '',
): Promise<T> {
  const deadline_ms = performance.now() + bound_ms;
  for (;;) {
    const answer = await condition();
    if (answer !== undefined && answer !== false) return answer;
    if (performance.now() > deadline_ms) throw new Error(`not within ${bound_ms} ms: ${what}\n${explain()}`);
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
}
