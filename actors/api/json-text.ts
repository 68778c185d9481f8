/** JSON that other processes have written. */

/** Undefined for what is no JSON. */
export function parsedJson(text: string | undefined): unknown {
  if (text === undefined) return undefined;
  try {
    return JSON.parse(text.replace(/\0.*$/s, ''));
  } catch {
    return undefined;
  }
}
