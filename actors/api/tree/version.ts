import { datacenterValue } from '../datacenter.ts';
import { method } from '../method.ts';
import { release } from '../release.ts';

export const methods = [
  method('GET', '/version', async ({ world }) => {
    const console = await datacenterValue(world, 'console');
    return { ...release, ...(console !== undefined && { console }) };
  }),
];
