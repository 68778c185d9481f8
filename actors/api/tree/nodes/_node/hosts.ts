import { Buffer } from 'node:buffer';
import { sha1Hex } from '../../../../../runtime/node/fingerprint.ts';
import { ApiFailure } from '../../../failure.ts';
import { method, requiredText, textOf } from '../../../method.ts';
import type { Call } from '../../../world.ts';

const FILE = '/etc/hosts';

function hostsText({ world }: Call): string {
  return world.host.read(FILE) ?? world.host.readSystem(FILE) ?? '';
}

export const methods = [
  method('GET', '/nodes/{node}/hosts', (call) => {
    const data = hostsText(call);
    return { data, digest: sha1Hex(Buffer.from(data)) };
  }),
  method('POST', '/nodes/{node}/hosts', (call) => {
    const digest = textOf(call, 'digest');
    if (digest !== undefined && digest !== sha1Hex(Buffer.from(hostsText(call)))) {
      throw new ApiFailure('detected modified configuration - file changed by other user? Try again.');
    }
    call.world.host.replace(FILE, requiredText(call, 'data'));
    return null;
  }),
];
