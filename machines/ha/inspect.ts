import type { InspectionEvent } from 'xstate';

/** How a host looks into the machines of a daemon: an option of `createActor`, absent where nobody looks. */
export interface InspectOptions {
  readonly inspect?: (inspection: InspectionEvent) => void;
}

/** Makes the option for one machine, by its name in the trace: `crm`, `ha-resource vm:101`. */
export type Inspection = (machine: string) => InspectOptions;

export const uninspected: Inspection = () => ({});
