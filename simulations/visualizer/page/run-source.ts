/** Where the page finds its run: inside of itself, or beside itself at the server. */

/** The page as it was served or saved, before anything was drawn. */
export interface PageSource {
  readonly html: string;
  /** Base64 of the run; empty where it must be fetched. */
  readonly embedded: string;
}

const EMPTY = '<script id="run" type="text/plain"></script>';

export function fromBase64(text: string): Uint8Array {
  const binary = atob(text.trim());
  const bytes = new Uint8Array(binary.length);
  for (let at = 0; at < binary.length; at += 1) bytes[at] = binary.charCodeAt(at);
  return bytes;
}

export function toBase64(bytes: Uint8Array): string {
  const piece = 0x8000;
  let binary = '';
  for (let at = 0; at < bytes.length; at += piece) binary += String.fromCharCode(...bytes.subarray(at, at + piece));
  return btoa(binary);
}

/** The stand-alone page: that of `html` (which carries no run) with this one inside. */
export function withRun(html: string, base64: string): string {
  const at = html.indexOf(EMPTY);
  if (at < 0) throw new Error('the page has no place for a run');
  return `${html.slice(0, at)}<script id="run" type="text/plain">${base64}</script>${html.slice(at + EMPTY.length)}`;
}

/** The page without the run that it carries. */
export function withoutRun(html: string): string {
  return html.replace(/<script id="run" type="text\/plain">[^<]*<\/script>/, EMPTY);
}
