/** The cluster resource manager daemon, `pve-ha-crm`. */
import { daemonActor } from './daemon-actor.ts';

export const actor = daemonActor('crm');
