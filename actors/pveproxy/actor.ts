/** pveproxy: the API for everybody, over TLS, as a user who may not read what is private. */
import { serviceActor } from '../api/service.ts';

export const actor = serviceActor('pveproxy');
