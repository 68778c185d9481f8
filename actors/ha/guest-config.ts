/** What HA reads and changes in a guest's configuration: `key: value` lines before the first `[section]`. Byte strings. */

const keyLine = /^([a-z][a-z0-9_-]*):[ \t]*(.*?)[ \t\r]*$/;

/** Keys of the running configuration, without snapshots and pending changes. */
export function guestSettings(text: string): ReadonlyMap<string, string> {
  const settings = new Map<string, string>();
  for (const line of text.split('\n')) {
    if (line.startsWith('[')) break;
    const match = keyLine.exec(line);
    if (match !== null) settings.set(match[1]!, match[2]!);
  }
  return settings;
}

/** The text without the line of a key. */
export function withoutSetting(text: string, key: string): string {
  const lines = text.split('\n');
  const end = lines.findIndex((line) => line.startsWith('['));
  const main = end < 0 ? lines.length : end;
  return lines.filter((line, index) => index >= main || keyLine.exec(line)?.[1] !== key).join('\n');
}
