/** Addresses: `node/actor`. The protocol that an actor speaks is kept in the type alone. */
declare const protocol: unique symbol;

/** What an actor takes: message type → its fields, and its reply where it may be asked. Write it as a `type`, not an `interface`. */
export type Protocol = { readonly [messageType: string]: { readonly fields: object; readonly reply?: unknown } };

export type Address<P extends Protocol = Protocol> = string & { readonly [protocol]?: P };

export type MessageOf<P extends Protocol> = {
  [T in keyof P & string]: { readonly type: T } & P[T]['fields'];
}[keyof P & string];

/** Message types that are answered. */
export type AskType<P extends Protocol> = {
  [T in keyof P & string]: P[T] extends { readonly reply: unknown } ? T : never;
}[keyof P & string];

export type AskOf<P extends Protocol, T extends AskType<P>> = { readonly type: T } & P[T]['fields'];

export type ReplyOf<P extends Protocol, T extends AskType<P>> = P[T] extends { readonly reply: infer R } ? R : never;

/** The address of `actor` on `node`, for a sender that knows what the actor speaks. */
export function address<P extends Protocol>(node: string, actor: string): Address<P> {
  return `${node}/${actor}`;
}

/** Node and actor of an address, or undefined where it has not the form `node/actor`. */
export function splitAddress(text: string): { readonly node: string; readonly actor: string } | undefined {
  const slash = text.indexOf('/');
  if (slash <= 0 || slash === text.length - 1) return undefined;
  return { node: text.slice(0, slash), actor: text.slice(slash + 1) };
}
