/**
 * Fields of acts, steps and conditions, declared as data: the types, the check of a schedule file and the syntax of scenarios all
 * follow from one declaration each.
 */

/** A direction between two nodes. */
export type Way = readonly [from: number, to: number];

interface Kinds {
  /** A node's number. */
  readonly node: number;
  readonly nodes: readonly number[];
  readonly ways: readonly Way[];
  readonly number: number;
  readonly text: string;
  readonly words: readonly string[];
}

export type KindName = keyof Kinds;

/** `?`: may be absent. */
export type Fields = Readonly<Record<string, KindName | `${KindName}?`>>;

type KindOf<K> = K extends `${infer N extends KindName}?` ? Kinds[N] : K extends KindName ? Kinds[K] : never;
type Required<F extends Fields> = { [K in keyof F]: F[K] extends `${string}?` ? never : K }[keyof F];

export type Values<F extends Fields> = { readonly [K in Required<F>]: KindOf<F[K]> } & {
  readonly [K in Exclude<keyof F, Required<F>>]?: KindOf<F[K]>;
};

export function kindOf(field: KindName | `${KindName}?`): { readonly kind: KindName; readonly isOptional: boolean } {
  return field.endsWith('?')
    ? { kind: field.slice(0, -1) as KindName, isOptional: true }
    : { kind: field as KindName, isOptional: false };
}
