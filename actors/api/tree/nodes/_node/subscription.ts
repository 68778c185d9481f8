import { method } from '../../../method.ts';

/** This release knows no subscriptions: the answer is that of a node without a key. */
export const methods = [
  method('GET', '/nodes/{node}/subscription', () => ({
    status: 'notfound',
    message: 'There is no subscription key',
    url: 'https://www.proxmox.com/en/proxmox-virtual-environment/pricing',
  })),
];
