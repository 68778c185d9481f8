import { probe, roomy } from './probe.ts';

/** Never ends a drain. */
export const actor = probe('stubborn', roomy, 'never');
