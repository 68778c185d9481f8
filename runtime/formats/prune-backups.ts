/** The format `prune-backups`: how many backups are kept (spec/storage.md §2.1). */
import type { NamedPropertyString, PropertyString, PropertyValues } from './property-schema.ts';

/** In the order in which the rules apply (spec/storage.md §6). */
export const keepRules = [
  'keep-last',
  'keep-hourly',
  'keep-daily',
  'keep-weekly',
  'keep-monthly',
  'keep-yearly',
] as const;

const count = { type: 'integer', minimum: 0, optional: 1 } as const;

function finalCheck(values: PropertyValues): PropertyString {
  const isLimited = keepRules.some((rule) => Number(values.get(rule) ?? 0) > 0);
  if (!isLimited) return { values: new Map([['keep-all', '1']]) };
  if (values.get('keep-all') === '1') return { error: 'keep-all cannot be set together with other options.' };
  return { values };
}

export const pruneBackupsFormat: NamedPropertyString = {
  properties: {
    'keep-all': { type: 'boolean', optional: 1 },
    ...Object.fromEntries(keepRules.map((rule) => [rule, count])),
  },
  finalCheck,
};
