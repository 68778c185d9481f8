/**
 * Imports a cluster.conf of Proxmox VE 3.x (cman, fenced, rgmanager): what becomes of it in the files of today, and a report
 * with a line per attribute (spec/ha.md §15.1). It decides only; a person reads the report and installs the files.
 *
 *  I1 Every attribute of every known element is in the report, once.
 *  I2 The texts are those of our own writers, so our own readers take them.
 */
import { parseXml, type XmlElement } from '../../../runtime/formats/xml-elements.ts';
import { writeFenceConfig } from '../fencing/fence-config.ts';
import { writeResources } from '../resources.ts';
import { writeRules } from '../rules/rule-set.ts';
import { describeCluster } from './cluster-description.ts';
import { planFencing } from './fence-methods.ts';
import { type GuestKinds, planServices } from './guest-services.ts';
import { elementsAt, shortNodeName } from './import-report.ts';

export interface ImportedFiles {
  readonly 'ha/resources.cfg': string;
  readonly 'ha/rules.cfg': string;
  readonly 'ha/fence.cfg': string;
}

export type Imported = { readonly files: ImportedFiles; readonly report: string } | { readonly failure: string };

/**
 * @param text Unicode text of cluster.conf; the results are Unicode text too
 * @param guests kinds of the guests by vmid
 */
export function importClusterConf(text: string, guests: GuestKinds): Imported {
  const parsed = parseXml(text);
  if ('error' in parsed) return { failure: `cluster.conf is no well-formed XML: ${parsed.error}` };
  const cluster = parsed.root;
  if (cluster.name !== 'cluster') return { failure: `the root element is '${cluster.name}', not 'cluster'` };
  const nodes = nodeNames(cluster);
  if ('failure' in nodes) return nodes;
  const fencing = planFencing(cluster);
  const services = planServices(cluster, guests, nodes.names);
  return {
    files: {
      'ha/resources.cfg': writeResources({ ids: services.resources, order: places(services.resources) }),
      'ha/rules.cfg': writeRules({ ids: services.rules, order: places(services.rules) }),
      'ha/fence.cfg': writeFenceConfig(fencing.config),
    },
    report: describeCluster(cluster, { nodes: nodes.names, fencing, services }),
  };
}

function nodeNames(cluster: XmlElement): { readonly names: ReadonlySet<string> } | { readonly failure: string } {
  const names = new Set<string>();
  for (const { attributes } of elementsAt(cluster, 'clusternodes', 'clusternode')) {
    const name = shortNodeName(attributes.get('name') ?? '');
    if (name === '') return { failure: 'a cluster node has no name' };
    if (names.has(name)) return { failure: `two cluster nodes have the name '${name}'` };
    names.add(name);
  }
  return { names };
}

function places(ids: ReadonlyMap<string, unknown>): ReadonlyMap<string, number> {
  return new Map([...ids.keys()].map((id, i) => [id, i + 1]));
}
