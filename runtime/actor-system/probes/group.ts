import { defineGroup } from '../definition.ts';
import { probe } from './probe.ts';

/** Two members of one fate, with small mailboxes of both kinds. */
export const actor = defineGroup({
  name: 'group',
  members: [
    probe('refusing', { capacity: 4, whenFull: 'refuse' }),
    probe('dropping', { capacity: 4, whenFull: 'drop-oldest' }),
  ],
});
