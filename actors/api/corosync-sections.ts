/** The cluster configuration as methods show it: nodes and totem options as the file has them. */
import { parseCorosyncConf, type Section, sectionOf } from '../../runtime/formats/corosync-conf.ts';
import { nodesOf } from '../../runtime/formats/corosync-conf-verify.ts';
import { ApiFailure } from './failure.ts';
import type { ApiWorld } from './world.ts';

export interface CorosyncSections {
  readonly nodes: readonly Readonly<Record<string, string>>[];
  readonly totem: Section;
  readonly digest: string;
}

/** Undefined where the node is in no cluster. */
export async function readCorosyncConf(world: ApiWorld): Promise<CorosyncSections | undefined> {
  const file = await world.cluster.read('corosync.conf');
  if (file === undefined) return undefined;
  const parsed = parseCorosyncConf(file.toString('latin1'));
  if ('error' in parsed) throw new ApiFailure(parsed.error);
  const { sections, digest } = parsed.conf;
  const nodes = nodesOf(sections).map(([name, node]) => ({ name, ...plainOptions(node) }));
  return { nodes, totem: sectionOf(sections, 'totem') ?? {}, digest };
}

function plainOptions(section: Section): Record<string, string> {
  return Object.fromEntries(
    Object.entries(section).filter((entry): entry is [string, string] => typeof entry[1] === 'string'),
  );
}
