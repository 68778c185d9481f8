/**
 * Delta debugging after Zeller and Hildebrandt (2002): the items without which a test no longer holds, found by leaving out halves,
 * quarters and so on. One-minimal unless the test refuses for want of budget.
 */
export function ddmin<T>(items: readonly T[], holds: (kept: readonly T[]) => boolean): readonly T[] {
  let kept = items;
  if (kept.length > 0 && holds([])) return [];
  let parts = 2;
  while (kept.length > 1) {
    const size = Math.ceil(kept.length / parts);
    const smaller = complements(kept, size).find(holds);
    if (smaller !== undefined) {
      kept = smaller;
      parts = Math.max(2, parts - 1);
    } else if (size === 1) {
      break;
    } else {
      parts = Math.min(kept.length, parts * 2);
    }
  }
  return kept;
}

/** The list without each of its pieces in turn, the last piece first: what comes late is most often needless. */
function complements<T>(items: readonly T[], size: number): readonly (readonly T[])[] {
  const starts = Array.from({ length: Math.ceil(items.length / size) }, (_, at) => at * size);
  return starts.reverse().map((start) => [...items.slice(0, start), ...items.slice(start + size)]);
}
