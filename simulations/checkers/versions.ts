/** I4 of spec/pmxcfs.md §10.1, and what a restart may do to the version. */
import type { CheckerFactory } from './observation.ts';

export const versions: CheckerFactory = (_view, fail) => {
  /** Version of a process at its end, where its disk keeps it. */
  const kept = new Map<number, number>();
  return {
    rule: 'I4',
    why: 'the highest version leads a synchronisation, so a version that falls or stands still loses changes',
    booted: ({ nodeid, process }) => {
      const expected = kept.get(nodeid);
      kept.delete(nodeid);
      const version = process?.memdb.root.version ?? 0;
      if (expected !== undefined && version !== expected) {
        fail(`n${nodeid} had version ${expected} when its process died, and ${version} after its restart`);
      }
    },
    died: ({ nodeid, process }) => {
      // A process that died with its error flag set was ahead of its disk.
      if (process !== undefined && !process.memdb.errorFlag) kept.set(nodeid, process.memdb.root.version);
    },
    powerLost: ({ nodeid }) => kept.delete(nodeid),
    changed: ({ nodeid }, { kind, path, result, versionBefore, versionAfter }) => {
      const expected = result >= 0 ? versionBefore + 1 : versionBefore;
      if (versionAfter === expected) return;
      fail(`n${nodeid}: ${kind} of '${path}' with result ${result} made version ${versionAfter} of ${versionBefore}`);
    },
    replaced: ({ nodeid, process }, { cause, before }) => {
      if (cause === 'reload' || process === undefined) return;
      const { version } = process.memdb.root;
      if (version < before.version) fail(`n${nodeid} adopted version ${version} over its own ${before.version}`);
    },
  };
};
