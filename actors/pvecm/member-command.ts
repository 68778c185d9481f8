/**
 * pvecm of a member, reached by a line of the shell: `ssh root@n1 pvecm`. Standard output of its `addnode --join-info` is one line of
 * JSON; what it says to people comes on standard error and is passed on.
 */
import { runShellLine } from '../../runtime/node/run-command.ts';
import type { JoinInformation, NodeRequest } from './admit-node.ts';
import { PvecmFailure } from './failure.ts';

export interface MemberCommand {
  /** 0 for a member that knows no such command. */
  joinApiVersion(): Promise<number>;
  addNode(request: NodeRequest): Promise<JoinInformation>;
}

/** A member waits 10 s for each of two locks and works for at most 60 s. */
const WITHIN_MS = 120_000;
/** Passes through any number of shells unchanged, so nothing needs quoting. */
const PLAIN_ARGUMENT = /^[A-Za-z0-9@%+=:,./_-]+$/;

/** `via` comes from the person who runs this command, and is trusted as they are. */
export function memberCommand(via: string, warn: (line: string) => void): MemberCommand {
  const call = async (args: readonly string[]): Promise<string> => {
    const strange = args.find((arg) => !PLAIN_ARGUMENT.test(arg));
    if (strange !== undefined) throw new PvecmFailure(`'${strange}' can't be passed on to a member`);
    const result = await runShellLine(`${via} ${args.join(' ')}`, {
      limit_ms: WITHIN_MS,
      onStderr: (text) => warn(text.replace(/\n$/, '')),
    });
    if (result.code === 0) return result.stdout;
    const why = result.reason ?? `exit code ${result.code}`;
    throw new PvecmFailure(`'${via} ${args[0]}' failed: ${why}`);
  };
  return {
    joinApiVersion: async () => {
      const answer = (await call(['apiver'])).trim();
      if (!/^\d{1,9}$/.test(answer))
        throw new PvecmFailure(`'${via} apiver' answered no version: ${firstLine(answer)}`);
      return Number(answer);
    },
    addNode: async (request) => {
      const answer = await call(addNodeArguments(request));
      const information = parseJoinInformation(answer);
      if (information === undefined) throw new PvecmFailure(`'${via} addnode' gave no join information`);
      return information;
    },
  };
}

function addNodeArguments(request: NodeRequest): string[] {
  const { name, links, nodeid, votes, newNodeAddress, force, apiVersion } = request;
  return [
    'addnode',
    name,
    '--join-info',
    ...[...links].flatMap(([number, text]) => [`--link${number}`, text]),
    ...option('--apiversion', apiVersion),
    ...option('--nodeid', nodeid),
    ...option('--votes', votes),
    ...option('--new_node_ip', newNodeAddress),
    ...(force ? ['--force'] : []),
  ];
}

function option(name: string, value: string | number | undefined): string[] {
  return value === undefined ? [] : [name, String(value)];
}

function parseJoinInformation(text: string): JoinInformation | undefined {
  let value: Partial<JoinInformation>;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  const { corosync_authkey, corosync_conf, warnings } = value;
  if (typeof corosync_authkey !== 'string' || typeof corosync_conf !== 'string') return undefined;
  return { corosync_authkey, corosync_conf, warnings: Array.isArray(warnings) ? warnings.map(String) : [] };
}

function firstLine(text: string): string {
  return text.split('\n')[0] ?? '';
}
