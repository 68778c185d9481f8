/**
 * What `corosync.conf` means, typed: the form in which the cluster layer, the datagram port, quorum and the tools read it.
 * `corosync-conf.ts` turns the text into this (spec/pmxcfs.md §7.7, §6.10); timers follow §7.4 and §13.2.3.
 */
export interface ClusterNode {
  readonly nodeid: number;
  /** `name`, or `ring0_addr` where there is none (§6.10). */
  readonly name: string;
  /** `quorum_votes`; 1 where absent for vote counting. */
  readonly votes: number;
  /** Address per link number; sparse where a node lacks a link. */
  readonly addresses: readonly (string | undefined)[];
}

/** Effective timers in milliseconds, and limits, after defaults and the formulas of §7.4. */
export interface TotemTimers {
  readonly token_ms: number;
  readonly token_retransmit_ms: number;
  readonly hold_ms: number;
  readonly consensus_ms: number;
  readonly join_ms: number;
  readonly merge_ms: number;
  readonly downcheck_ms: number;
  readonly send_join_ms: number;
  readonly fail_recv_const: number;
  readonly seqno_unchanged_const: number;
  readonly window_size: number;
  readonly max_messages: number;
  readonly miss_count_const: number;
  /** Per cent of the token timeout after which a warning is logged; 0 = off. */
  readonly token_warning: number;
}

export interface QuorumOptions {
  /** undefined: no `provider: corosync_votequorum`. */
  readonly provider: string | undefined;
  /** `quorum.expected_votes`; undefined: the sum of the node list's votes. */
  readonly expected_votes: number | undefined;
  readonly two_node: boolean;
  readonly wait_for_all: boolean;
  readonly last_man_standing: boolean;
  readonly last_man_standing_window_ms: number;
  readonly auto_tie_breaker: boolean;
  /** `lowest`, `highest` or a list of node ids. */
  readonly auto_tie_breaker_node: 'lowest' | 'highest' | readonly number[];
  readonly expected_votes_tracking: boolean;
  readonly allow_downscale: boolean;
}

export interface LinkOptions {
  readonly linknumber: number;
  /** `knet_link_priority`; the highest live one is used. */
  readonly priority: number;
  /** `mcastport`; default 5405 + link number. */
  readonly port: number;
  readonly ping_interval_ms: number;
  readonly ping_timeout_ms: number;
  readonly pong_count: number;
}

export interface ClusterConfig {
  readonly clusterName: string;
  readonly configVersion: number;
  readonly nodes: readonly ClusterNode[];
  readonly timers: TotemTimers;
  readonly quorum: QuorumOptions;
  readonly links: readonly LinkOptions[];
  /** Largest UDP payload on a link, from `netmtu`; bytes. */
  readonly netmtu: number;
  readonly secauth: boolean;
  readonly transport: string;
  readonly ipVersion: string;
  readonly linkMode: string;
}
