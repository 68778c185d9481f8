/** `pve-actors status` as a person reads it, from what a node's sockets say. Unknown parts are left out, never invented. */

/** What the kernel tells of a process that doesn't answer. */
export interface SilentProcess {
  readonly pid: number;
  /** `R`, `S`, `D`, `T`, … of /proc/PID/stat; undefined where that can't be read. */
  readonly state: string | undefined;
  /** Since its last sign of life, as its supervisor knows. */
  readonly silent_ms: number | undefined;
}

type Json = { readonly [key: string]: unknown };

export interface NodeState {
  /** `describe` of the cluster process, or why it can't be had. */
  readonly cluster: Json | { readonly failure: string };
  /** `actors` of the boot socket, or why it can't be had. */
  readonly actors: readonly Json[] | { readonly failure: string };
}

export function statusText({ cluster, actors }: NodeState): string {
  const lines: string[] = [];
  if ('failure' in cluster) lines.push(String(cluster.failure));
  else lines.push(...clusterLines(cluster));
  lines.push('', ...actorLines(actors));
  return `${lines.join('\n')}\n`;
}

const STATE_ADVICE: Readonly<Record<string, string>> = {
  T: 'it is stopped: let it go on by kill -CONT PID',
  t: 'a debugger holds it',
  D: 'it waits for a disk or a mount: look at the kernel log',
  R: 'it is busy',
};

/** A cluster process that runs and doesn't answer: since when, and what to do. */
export function silenceText(process: SilentProcess | undefined, now: Date, root: string): string {
  if (process === undefined) return 'the cluster process does not answer, and neither does its supervisor';
  const { pid, state, silent_ms } = process;
  const since =
    silent_ms === undefined
      ? ''
      : ` since ${new Date(now.getTime() - silent_ms).toISOString()} (${Math.round(silent_ms / 1000)} s)`;
  const advice = (STATE_ADVICE[state ?? ''] ?? 'it sleeps').replace('PID', String(pid));
  return (
    `the cluster process is alive (pid ${pid}) but does not answer${since}; ${advice}; ` +
    `its supervisor ends and restarts it after some seconds without a sign of life, at once: kill -9 ${pid}; ` +
    `look at: pve-actors log --root ${root}`
  );
}

function clusterLines(state: Json): string[] {
  const lines = [`node            ${state.node} (${state.mode}, pid ${state.pid})`];
  const cluster = object(state.cluster);
  if (cluster !== undefined) lines.push(`cluster         ${cluster.name}, config version ${cluster.config_version}`);
  lines.push(`quorate         ${state.quorate ? 'yes' : 'no'}`);
  lines.push(...quorumLines(object(state.quorum)));
  if (cluster !== undefined) lines.push(...nodeLines(cluster), ...timerLines(object(cluster.timers)));
  lines.push(...totemLines(object(state.totem)));
  lines.push(...replicaLines('dcdb', object(state.dcdb)));
  if (state.leader !== undefined) lines.push(`leader          ${state.leader}`);
  lines.push(...replicaLines('status', object(state.status)));
  lines.push(...databaseLines(object(state.database)));
  lines.push(...transportLines(object(state.transport)));
  lines.push(...remarks(state, cluster));
  return lines;
}

function quorumLines(view: Json | undefined): string[] {
  if (view === undefined) return [];
  const ring = object(view.ring);
  const id = ring && `${Number(ring.rep).toString(16)}.${Number(ring.seq).toString(16)}`;
  return [
    `votes           ${view.total_votes} of ${view.expected_votes} expected, quorum ${view.quorum}`,
    `ring            ${id}, members ${list(view.members).join(' ')}`,
  ];
}

function nodeLines(cluster: Json): string[] {
  return list(cluster.nodes).map((entry, index) => {
    const node = entry as Json;
    const online = node.online ? 'online' : 'offline';
    return `${index === 0 ? 'nodes           ' : '                '}${node.nodeid} ${node.name} ${list(node.addresses).join(' ')} ${online}`;
  });
}

function timerLines(timers: Json | undefined): string[] {
  if (timers === undefined) return [];
  const { token_ms, token_retransmit_ms, hold_ms, consensus_ms } = timers;
  return [
    `timers          token ${token_ms}, retransmit ${token_retransmit_ms}, hold ${hold_ms}, consensus ${consensus_ms} ms`,
  ];
}

function totemLines(totem: Json | undefined): string[] {
  if (totem === undefined) return [];
  const counters = object(totem.counters) ?? {};
  return [
    `totem           ${totem.state}; token rotation p50 ${milliseconds(totem.rotation_p50_ms)}, p99 ${milliseconds(totem.rotation_p99_ms)}`,
    `                retransmits ${counters.retransmitsSent}, token retransmits ${counters.tokenRetransmits}, queued ${totem.queued_bytes} bytes`,
  ];
}

function replicaLines(name: string, replica: Json | undefined): string[] {
  if (replica === undefined) return [];
  const members = list(replica.members)
    .map((entry) => `${(entry as Json).member}${(entry as Json).synced ? '' : ' (not synced)'}`)
    .join(', ');
  const last = replica.lastRound_ms === undefined ? '' : `, last sync ${milliseconds(replica.lastRound_ms)}`;
  return [
    `${name.padEnd(16)}${replica.mode}, members ${members === '' ? 'none' : members}${last}`,
    `                queued ${replica.queuedMessages}, held ${replica.heldRequests}, waiting ${replica.waiters}`,
  ];
}

function databaseLines(database: Json | undefined): string[] {
  if (database === undefined) return [];
  const flag = database.error_flag ? ', ERROR FLAG SET: changes are refused' : '';
  return [`database        version ${database.version}, ${database.entries} entries, ${database.bytes} bytes${flag}`];
}

function transportLines(transport: Json | undefined): string[] {
  if (transport === undefined) return [];
  const dropped = Object.entries(object(transport.dropped) ?? {}).filter(([, count]) => count !== 0);
  const causes = dropped.map(([cause, count]) => `${cause} ${count}`).join(', ');
  const lines = [`datagrams       dropped: ${causes === '' ? 'none' : causes}; send errors ${transport.sendErrors}`];
  for (const peer of list(transport.peers) as readonly Json[]) {
    for (const link of list(peer.links) as readonly Json[]) {
      const best = link.best ? ', in use' : '';
      lines.push(
        `                ${peer.name} link ${link.link} ${link.address} ${link.up ? 'up' : 'down'}${best}, rtt ${milliseconds(link.rtt_ms)}`,
      );
    }
    lines.push(...peerRemarks(peer).map((remark) => `                ${peer.name}: ${remark}`));
  }
  return lines;
}

/** Why a node can't join, as far as datagrams tell. */
function peerRemarks(peer: Json): string[] {
  const remarks: string[] = [];
  const forged = object(peer.dropped)?.tag;
  if (!peer.established && typeof forged === 'number' && forged > 0) {
    remarks.push(`${forged} datagrams that can't be authenticated: is the authkey the same on all nodes?`);
  }
  if (peer.claimedFrom !== undefined) {
    remarks.push(`datagrams with its nodeid come from ${peer.claimedFrom}: is nodeid ${peer.nodeid} used twice?`);
  }
  return remarks;
}

function remarks(state: Json, cluster: Json | undefined): string[] {
  const lines = list(cluster?.restart_needed).map((sentence) => `restart needed  ${sentence}`);
  if (state.hindrance !== undefined) lines.push(`out of the ring ${state.hindrance}`);
  for (const entry of list(state.losing_sides) as readonly Json[]) {
    const when = new Date(Number(entry.time) * 1000).toISOString();
    lines.push(`losing side     ${entry.id} kept at ${when}: changes given up at ${list(entry.paths).join(', ')}`);
    lines.push(`                pve-actors dismiss ${entry.id} ends this notice`);
  }
  for (const sentence of list(state.deviations)) lines.push(`deviation       ${sentence}`);
  return lines;
}

function actorLines(actors: NodeState['actors']): string[] {
  if ('failure' in actors) return [actors.failure];
  const lines = ['ACTOR            MODE       STATE       PID      RESTARTS MAILBOXES'];
  for (const actor of actors) {
    const mailboxes = Object.entries(object(actor.mailboxes) ?? {})
      .map(([name, depth]) => `${name}:${depth}`)
      .join(' ');
    const columns = [
      String(actor.name).padEnd(16),
      String(actor.mode).padEnd(10),
      String(actor.state).padEnd(11),
      String(actor.pid ?? '-').padEnd(8),
      String(actor.restarts).padEnd(8),
    ];
    lines.push(`${columns.join(' ')} ${mailboxes}`.trimEnd());
  }
  return lines;
}

function object(value: unknown): Json | undefined {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Json) : undefined;
}

function list(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

function milliseconds(value: unknown): string {
  return typeof value === 'number' ? `${value.toFixed(2)} ms` : '-';
}
