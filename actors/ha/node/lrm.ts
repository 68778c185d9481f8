/** The local resource manager daemon, `pve-ha-lrm`. */
import { daemonActor } from './daemon-actor.ts';

export const actor = daemonActor('lrm');
