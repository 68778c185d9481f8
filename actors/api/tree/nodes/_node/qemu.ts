import { method } from '../../../method.ts';
import { nodeGuests } from '../../../node-guests.ts';

export const methods = [method('GET', '/nodes/{node}/qemu', (call) => nodeGuests(call, 'qemu'))];
