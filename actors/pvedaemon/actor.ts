/** pvedaemon: what pveproxy may not do itself, for pveproxy and the tools of this node alone. */
import { serviceActor } from '../api/service.ts';

export const actor = serviceActor('pvedaemon');
