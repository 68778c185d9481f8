/** What the services of a status mean for one node (spec/ha.md §4.1). */
import type { ServiceStatus } from './state-files.ts';

type Services = Readonly<Record<string, ServiceStatus>>;

const atRest = new Set(['stopped', 'freeze', 'error', 'request_start']);

/** Services that are on the node, or come to it, and that its LRM has to do with. */
export function activeCount(services: Services, node: string): number {
  let count = 0;
  for (const service of Object.values(services)) {
    if ((service.node === node || service.target === node) && !atRest.has(service.state)) count++;
  }
  return count;
}

export function isFenceRequested(services: Services, node: string): boolean {
  return Object.values(services).some((service) => service.node === node && service.state === 'fence');
}

export function isAnyConfigured(services: Services, node: string): boolean {
  return Object.values(services).some((service) => service.node === node);
}
