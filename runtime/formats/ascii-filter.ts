/**
 * The ASCII filter for log lines and cluster log messages (spec/pmxcfs.md §6.8): whatever comes in, printable ASCII
 * goes out.
 */
const QUOTE = 0x22;
const DELETE = 0x7f;
/** Nothing is written that would begin in this many last bytes of the buffer. */
const RESERVED_BYTES = 7;

const strictUtf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/**
 * Filters `bytes`. `escapeQuotes`: `"` becomes `\"`. `limit_bytes`: size of the buffer that the original writes into,
 * whose last 7 bytes only finish a character begun before. Text that is not UTF-8 as a whole is taken byte by byte.
 */
export function asciiFilter(bytes: Uint8Array, escapeQuotes: boolean, limit_bytes = Number.POSITIVE_INFINITY): string {
  const text = decode(bytes);
  const pieces = text === undefined ? bytePieces(bytes, escapeQuotes) : textPieces(text, escapeQuotes);
  let filtered = '';
  for (const piece of pieces) {
    if (filtered.length >= limit_bytes - RESERVED_BYTES) break;
    filtered += piece;
  }
  return filtered;
}

function decode(bytes: Uint8Array): string | undefined {
  try {
    return strictUtf8.decode(bytes);
  } catch {
    return undefined;
  }
}

function* textPieces(text: string, escapeQuotes: boolean): Iterable<string> {
  for (const character of text) {
    const code = character.codePointAt(0) ?? 0;
    if (code === QUOTE && escapeQuotes) yield '\\"';
    else if (code < 32 || code === DELETE) yield `#${code.toString().padStart(3, '0')}`;
    else if (code < DELETE) yield character;
    else if (code <= 0xffff) yield `\\u${code.toString(16).padStart(4, '0')}`;
  }
}

function* bytePieces(bytes: Uint8Array, escapeQuotes: boolean): Iterable<string> {
  for (const byte of bytes) {
    if (byte === QUOTE && escapeQuotes) yield '\\"';
    else if (byte < 32) yield `#0${byte.toString().padStart(2, '0')}`;
    else if (byte < DELETE) yield String.fromCharCode(byte);
    else yield '?';
  }
}
