import { probe, roomy } from './probe.ts';

export const actor = probe('probe', roomy);
