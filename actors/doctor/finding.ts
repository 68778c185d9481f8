/** What the doctor has to say: what is so, why that matters, what to do about it. */

export type Gravity = 'error' | 'warning' | 'note';

export interface Finding {
  /** Stable, for programs: `two-nodes`. */
  readonly code: string;
  readonly gravity: Gravity;
  readonly what: string;
  readonly why: string;
  readonly todo: string;
}

export function gravest(findings: readonly Finding[]): readonly Finding[] {
  const order: readonly Gravity[] = ['error', 'warning', 'note'];
  return [...findings].sort((a, b) => order.indexOf(a.gravity) - order.indexOf(b.gravity));
}

/** `n1`, `n1 and n2`, `n1, n2 and n3`. */
export function list(words: readonly string[]): string {
  if (words.length < 2) return words[0] ?? '';
  return `${words.slice(0, -1).join(', ')} and ${words.at(-1)}`;
}
