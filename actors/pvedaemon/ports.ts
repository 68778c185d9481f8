import type { BasePorts } from '../../runtime/comedy/actor-module.ts';
import type { ServicePorts } from '../api/service.ts';
import { daemonPorts, type ServiceParameters } from '../api/service-ports.ts';

export function realPorts(base: BasePorts, parameters: unknown): Promise<ServicePorts> {
  return daemonPorts(base, parameters as ServiceParameters);
}
