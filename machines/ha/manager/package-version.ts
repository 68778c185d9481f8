/** Versions of pve-manager: `major.minor[.|-]patch[~rev]` (spec/ha.md §6.3). */

const form = /^(\d+)\.(\d+)(?:[.-](\d+))?(?:~(\d+))?/;

/** A version with a revision (`~16`) comes before the one without; what has no such form is too old. */
export function isAtLeast(version: string, minimum: string): boolean {
  const have = numbers(version);
  const need = numbers(minimum);
  if (have === undefined || need === undefined) return false;
  for (const part of ['major', 'minor', 'patch'] as const) {
    if (have[part] !== need[part]) return have[part] > need[part];
  }
  return have.revision === undefined || have.revision >= (need.revision ?? 0);
}

function numbers(version: string) {
  const match = form.exec(version);
  if (match === null) return undefined;
  const [, major, minor, patch, revision] = match;
  return {
    major: Number(major),
    minor: Number(minor),
    patch: Number(patch ?? 0),
    revision: revision === undefined ? undefined : Number(revision),
  };
}
