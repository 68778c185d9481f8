import { chmodSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { createAdministrator } from '../../actors/api/first-administrator.ts';
import { createNodeWorld } from '../../actors/api/node-world.ts';
import { PORT_KEY, PROXY_PORT } from '../../actors/api/proxy-places.ts';
import { createRealClock } from '../../runtime/clock/real.ts';
import { certificateFingerprint } from '../../runtime/node/fingerprint.ts';
import type { NodeLayout } from '../../runtime/node/layout.ts';
import { createSystemRandom } from '../../runtime/random/system.ts';

const CERTIFICATE_WITHIN_MS = 90_000;
const LOOK_EVERY_MS = 250;

/** Lines for people: where the API is, and who may use it. Makes the administrator at the first start. */
export async function accessLines(
  folder: string,
  node: { readonly name: string; readonly layout: NodeLayout },
): Promise<readonly string[]> {
  const options = { clock: createRealClock(), random: createSystemRandom(), log: { write: () => {} } };
  const world = createNodeWorld({ ...options, layout: node.layout, nodeName: node.name, isPrivileged: true });
  try {
    const kept = join(folder, 'administrator.json');
    const administrator = await createAdministrator(world);
    if (administrator !== undefined) {
      writeFileSync(kept, `${JSON.stringify(administrator, null, 2)}\n`, { mode: 0o600 });
      chmodSync(kept, 0o600);
    }
    const authority = join(folder, 'pve-root-ca.pem');
    let fingerprint: string | undefined;
    for (const end = Date.now() + CERTIFICATE_WITHIN_MS; Date.now() < end; await delay(LOOK_EVERY_MS)) {
      const pem = await world.cluster.read(`nodes/${node.name}/pve-ssl.pem`);
      fingerprint = pem === undefined ? undefined : certificateFingerprint(pem.toString('latin1'));
      if (fingerprint !== undefined) break;
    }
    const root = await world.cluster.read('pve-root-ca.pem');
    if (root !== undefined) writeFileSync(authority, root);
    const { nodelist = {} } = await world.cluster.members();
    const published = (await world.cluster.nodeStatus(PORT_KEY, node.name))?.toString().replace(/\0.*$/s, '');
    const url = `https://${nodelist[node.name]?.ip ?? '127.0.0.1'}:${published || PROXY_PORT}/`;
    const known = existsSync(kept)
      ? (JSON.parse(readFileSync(kept, 'utf8')) as { userid: string; password: string; token: string })
      : undefined;
    return [
      `  API: ${url}  CA: ${authority}`,
      ...(fingerprint === undefined ? [] : [`  its fingerprint: ${fingerprint}`]),
      ...(known === undefined
        ? []
        : [
            `  ${known.userid}, password ${known.password}`,
            `  curl --cacert ${authority} -H 'Authorization: PVEAPIToken=${known.token}' ${url}api2/json/version`,
          ]),
    ];
  } finally {
    world.close();
  }
}
