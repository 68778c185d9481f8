/** Guests of one node as its lists show them (spec/api.md §10.4): what configurations and broadcasts tell. */
import { privilegeRefusal } from '../../machines/access/permission-check.ts';
import { guestEntries } from './cluster-resources.ts';
import { identityOf } from './method.ts';
import type { Call } from './world.ts';

/** Sorted by number; only those that the caller may look at. */
export async function nodeGuests(call: Call, type: 'qemu' | 'lxc') {
  const { world } = call;
  const question = { config: await world.userConfig(), caller: identityOf(call) };
  const guests = (await guestEntries(world)).filter(
    (guest) =>
      guest.type === type &&
      guest.node === world.nodeName &&
      privilegeRefusal(question, `/vms/${guest.vmid}`, ['VM.Audit']) === undefined,
  );
  return guests.map(({ id: _id, type: _type, node: _node, pool: _pool, status, template, maxcpu, ...guest }) => ({
    ...guest,
    cpus: maxcpu,
    // Nobody has told of it lately: it isn't known to run.
    status: status === 'unknown' ? 'stopped' : status,
    ...(template === 1 && { template }),
    ...(type === 'lxc' && { type: 'lxc' }),
  }));
}
