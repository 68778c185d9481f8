import { certificateFingerprint } from '../../../../runtime/node/fingerprint.ts';
import { membersOf } from '../../cluster-members.ts';
import { readCorosyncConf } from '../../corosync-sections.ts';
import { ApiFailure } from '../../failure.ts';
import { index, method, textOf } from '../../method.ts';
import type { Call } from '../../world.ts';

const JOIN_API_VERSION = 1;

async function nodeList({ world }: Call) {
  const conf = await readCorosyncConf(world);
  if (conf === undefined) return [];
  return conf.nodes.map((values) => ({ ...values, node: values.name }));
}

async function totemSettings({ world }: Call) {
  return (await readCorosyncConf(world))?.totem ?? {};
}

/** What a node needs to join (spec/api.md §10.3). */
async function joinInformation(call: Call) {
  const { world } = call;
  const conf = await readCorosyncConf(world);
  if (conf === undefined) throw new ApiFailure('node is not in a cluster, no join info available!');
  const wanted = textOf(call, 'node');
  const preferred = wanted === undefined || wanted === 'current connected node' ? world.nodeName : wanted;
  const members = new Map((await membersOf(world)).map((member) => [member.name, member]));
  const nodelist = await Promise.all(
    conf.nodes.map(async (values) => {
      const pem = await world.cluster.read(`nodes/${values.name}/pve-ssl.pem`);
      const own = await world.cluster.read(`nodes/${values.name}/pveproxy-ssl.pem`);
      const file = own ?? pem;
      return {
        ...values,
        pve_addr: members.get(values.name!)?.ip ?? values.ring0_addr,
        pve_fp: file === undefined ? '' : (certificateFingerprint(file.toString('latin1')) ?? ''),
      };
    }),
  );
  return { nodelist, preferred_node: preferred, totem: conf.totem, config_digest: conf.digest };
}

export const methods = [
  index('/cluster/config', ['nodes', 'totem', 'join', 'qdevice', 'apiversion']),
  method('GET', '/cluster/config/apiversion', () => JOIN_API_VERSION),
  method('GET', '/cluster/config/nodes', nodeList),
  method('GET', '/cluster/config/totem', totemSettings),
  method('GET', '/cluster/config/join', joinInformation),
  method('GET', '/cluster/config/qdevice', () => ({})),
];
