/** I14 of spec/pmxcfs.md §10.1, with the exception of §13.2.9. */
import type { CheckerFactory } from './observation.ts';

export const errorStaysOut: CheckerFactory = (_view, fail) => ({
  rule: 'I14',
  why: 'a replica that failed for an unknown reason would carry its damage back into the group',
  transition: ({ nodeid }, { machine, event, detail }) => {
    if (machine !== 'dcdb' && machine !== 'status') return;
    const { before, after } = detail as { readonly before: string; readonly after: string };
    const isOut = before === 'error' || before === 'versionError';
    if (!isOut || after === before || after === 'error') return;
    if (before === 'error' && event === 'RECOVERED') return;
    fail(`n${nodeid}: ${machine} went from ${before} to ${after} by ${event}`);
  },
});
