/** What travels between a supervisor and an isolated child (process or thread): always one plain object. */
import type { Envelope, MessageEnvelope } from '../actor-system/envelope.ts';
import type { MemberDescription } from '../actor-system/host.ts';
import type { LogLevel } from '../log/log.ts';

/** What a child is made of. Texts and numbers only, so that every channel carries it. */
export interface ChildOrder {
  readonly node: string;
  readonly name: string;
  /** Number of the launch in the supervisor's process; every report carries it. */
  readonly launch: number;
  readonly moduleUrl: string;
  /** Empty where the actor needs the base ports only. */
  readonly portsUrl: string;
  /** Parameters of `realPorts`, encoded. */
  readonly parameters: string;
}

export type ToChild =
  | { readonly kind: 'begin' }
  | { readonly kind: 'message'; readonly envelope: MessageEnvelope }
  | { readonly kind: 'answer'; readonly envelope: Envelope }
  | { readonly kind: 'ping' }
  | { readonly kind: 'stop' };

export type FromChild =
  | { readonly kind: 'started'; readonly members: readonly MemberDescription[] }
  | { readonly kind: 'handled'; readonly member: string }
  | { readonly kind: 'outgoing'; readonly envelope: Envelope }
  | { readonly kind: 'pong' }
  | { readonly kind: 'crashed'; readonly reason: string }
  | { readonly kind: 'log'; readonly domain: string; readonly level: LogLevel; readonly message: string };

/** A report as it travels. */
export interface Report {
  readonly launch: number;
  readonly report: FromChild;
}
