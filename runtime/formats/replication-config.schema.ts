/** The properties of replication.cfg (spec/scheduler.md §5.1). */
import { definedSections } from './section-config-types.ts';

const optional = { optional: 1 } as const;

export const replicationSections = definedSections({
  base: {
    type: { type: 'string', description: 'Section type.' },
    id: { type: 'string', pattern: '[1-9][0-9]{2,8}-\\d{1,9}', description: 'Replication Job ID.' },
    target: { type: 'string', format: 'pve-node' },
    rate: { type: 'number', minimum: 1, optional: 1 },
    schedule: { type: 'string', format: 'pve-calendar-event', maxLength: 128, default: '*/15', optional: 1 },
    comment: { type: 'string', maxLength: 4096, optional: 1 },
    disable: { type: 'boolean', optional: 1 },
    source: { type: 'string', format: 'pve-node', optional: 1 },
    remove_job: { type: 'string', enum: ['local', 'full'], optional: 1 },
  },
  types: {
    local: {
      options: {
        target: { fixed: 1 },
        rate: optional,
        schedule: optional,
        comment: optional,
        disable: optional,
        source: optional,
        remove_job: optional,
      },
    },
  },
});
