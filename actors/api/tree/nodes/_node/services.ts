import { ApiFailure, parameterFailure } from '../../../failure.ts';
import { index, method, requiredText } from '../../../method.ts';
import { commandRefusal, isKnownService, listServices, serviceState } from '../../../services.ts';
import { startTask } from '../../../tasks.ts';
import type { Call } from '../../../world.ts';

const service = '/nodes/{node}/services/{service}';

function serviceOf(call: Call): string {
  const name = requiredText(call, 'service');
  if (!isKnownService(name))
    throw parameterFailure({ service: `value '${name}' does not have a value in the enumeration` });
  return name;
}

const command = (verb: 'start' | 'stop' | 'restart' | 'reload') =>
  method('POST', `${service}/${verb}`, (call) => {
    const name = serviceOf(call);
    const refusal = commandRefusal(name, verb);
    if (refusal !== undefined) throw new ApiFailure(refusal);
    return startTask(call, {
      type: `srv${verb}`,
      id: name,
      work: { name: 'service', params: { service: name, command: verb } },
    });
  });

export const methods = [
  method('GET', '/nodes/{node}/services', ({ world }) => listServices(world)),
  index(service, ['state', 'start', 'stop', 'restart', 'reload']),
  method('GET', `${service}/state`, async (call) => {
    const name = serviceOf(call);
    const state = await serviceState(call.world, name);
    if (state === undefined) throw new ApiFailure(`service '${name}' does not exist`);
    return state;
  }),
  command('start'),
  command('stop'),
  command('restart'),
  command('reload'),
];
