/**
 * Databases of losing sides (spec/pmxcfs.md §13.2.2): a copy below `backup/` with a note that lists the paths whose changes were given
 * up. The note goes when it is dismissed; the copy stays.
 */
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';

export interface LosingSideNote {
  readonly id: string;
  /** Seconds since the epoch. */
  readonly time: number;
  readonly paths: readonly string[];
}

const NOTE = /^(losing-side-\d+(?:-\d+)?)\.json$/;

export function losingSidesIn(folder: string, wall_s: () => number) {
  const noteOf = (id: string) => join(folder, `${id}.json`);
  return {
    nextPath(): string {
      mkdirSync(folder, { recursive: true, mode: 0o700 });
      return join(folder, `${freeId(folder, wall_s())}.db`);
    },

    note(path: string, paths: readonly string[]): void {
      writeFileSync(noteOf(basename(path, '.db')), JSON.stringify({ time: wall_s(), paths }), { mode: 0o600 });
    },

    list(): readonly LosingSideNote[] {
      return notesIn(folder).flatMap((id) => {
        try {
          const { time, paths } = JSON.parse(readFileSync(noteOf(id), 'utf8')) as Omit<LosingSideNote, 'id'>;
          return [{ id, time, paths }];
        } catch {
          return [{ id, time: 0, paths: [] }];
        }
      });
    },

    dismiss(id: string): boolean {
      if (!notesIn(folder).includes(id)) return false;
      rmSync(noteOf(id), { force: true });
      return true;
    },
  };
}

function notesIn(folder: string): readonly string[] {
  try {
    return readdirSync(folder)
      .sort()
      .flatMap((file) => NOTE.exec(file)?.[1] ?? []);
  } catch {
    return [];
  }
}

function freeId(folder: string, time: number): string {
  const taken = new Set(readdirSync(folder));
  let id = `losing-side-${time}`;
  for (let n = 1; taken.has(`${id}.db`); n++) id = `losing-side-${time}-${n}`;
  return id;
}
