/**
 * Members of a closed process group as the dfsm sees them (spec/pmxcfs.md, conventions). Structurally the same as
 * `GroupMember` of the process-group port, which machines may not import.
 */
export interface DfsmMember {
  readonly nodeid: number;
  /** Process id of the pmxcfs process: (nodeid, pid) names an incarnation. */
  readonly pid: number;
}

/** Member order: ascending nodeid, then ascending pid. */
export function compareMembers(a: DfsmMember, b: DfsmMember): number {
  return a.nodeid - b.nodeid || a.pid - b.pid;
}

export function isSameMember(a: DfsmMember, b: DfsmMember): boolean {
  return a.nodeid === b.nodeid && a.pid === b.pid;
}

/** `<nodeid>/<pid>`; the nodeid in signed decimal, as the original prints it. */
export function formatMember(member: DfsmMember): string {
  return `${member.nodeid | 0}/${member.pid}`;
}

export function formatMembers(members: readonly DfsmMember[]): string {
  return members.map(formatMember).join(', ');
}
