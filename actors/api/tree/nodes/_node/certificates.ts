import { describeCertificate } from '../../../../../runtime/node/fingerprint.ts';
import { index, method } from '../../../method.ts';
import type { Call } from '../../../world.ts';

/** Where they lie; those of the node by its name. */
const FILES = ['pve-root-ca.pem', 'pve-ssl.pem', 'pveproxy-ssl.pem'] as const;

async function info({ world }: Call) {
  const found: object[] = [];
  for (const filename of FILES) {
    const path = filename === 'pve-root-ca.pem' ? filename : `nodes/${world.nodeName}/${filename}`;
    const pem = (await world.cluster.read(path))?.toString('latin1');
    const description = pem === undefined ? undefined : describeCertificate(pem);
    if (description !== undefined) found.push({ filename, ...description });
  }
  return found;
}

export const methods = [
  index('/nodes/{node}/certificates', ['acme', 'custom', 'info']),
  method('GET', '/nodes/{node}/certificates/info', info),
];
