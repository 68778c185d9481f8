/**
 * TypeScript source as tidy reads it: the text with comments, strings and regular expressions blanked (same length, same
 * lines), so that patterns find code only, and the imports with their places. A scanner of a page, not a parser: it
 * tells a regular expression from a division by the token before it.
 */
export interface ImportStatement {
  readonly specifier: string;
  /** What stands before the specifier, e.g. `import { a, b } from `. */
  readonly clause: string;
  readonly line: number;
}

export interface SourceText {
  /** The code: everything else is spaces. Quotes stay. */
  readonly code: string;
  readonly imports: readonly ImportStatement[];
}

const wordsBeforeExpression = new Set(
  'return typeof case in of delete void throw new else do yield await instanceof default extends'.split(' '),
);

class Scanner {
  readonly #text: string;
  readonly #code: string[];
  #at = 0;

  constructor(text: string) {
    this.#text = text;
    this.#code = text.split('');
  }

  scan(): string {
    this.#scanCode(undefined);
    return this.#code.join('');
  }

  /** Up to the end, or up to the `}` that closes a template's expression. */
  #scanCode(end: '}' | undefined): void {
    let depth = 0;
    while (this.#at < this.#text.length) {
      const char = this.#text[this.#at]!;
      if (end !== undefined && char === '}' && depth === 0) return;
      if (char === '{') depth++;
      if (char === '}') depth--;
      if (!this.#skipToken(char)) this.#at++;
    }
  }

  #skipToken(char: string): boolean {
    const pair = this.#text.slice(this.#at, this.#at + 2);
    if (pair === '//') return this.#blankTo(this.#lineEnd());
    if (pair === '/*') return this.#blankTo(this.#after('*/', this.#at + 2));
    if (char === "'" || char === '"') return this.#skipString(char);
    if (char === '`') return this.#skipTemplate();
    if (char === '/' && this.#expressionMayStart()) return this.#skipRegularExpression();
    return false;
  }

  #lineEnd(): number {
    const end = this.#text.indexOf('\n', this.#at);
    return end === -1 ? this.#text.length : end;
  }

  #after(mark: string, from: number): number {
    const found = this.#text.indexOf(mark, from);
    return found === -1 ? this.#text.length : found + mark.length;
  }

  #blankTo(end: number): true {
    for (let i = this.#at; i < end; i++) if (this.#text[i] !== '\n') this.#code[i] = ' ';
    this.#at = end;
    return true;
  }

  #skipString(quote: string): true {
    this.#at++;
    let end = this.#at;
    while (end < this.#text.length && this.#text[end] !== quote && this.#text[end] !== '\n') {
      end += this.#text[end] === '\\' ? 2 : 1;
    }
    this.#blankTo(Math.min(end, this.#text.length));
    this.#at++;
    return true;
  }

  #skipTemplate(): true {
    this.#at++;
    while (this.#at < this.#text.length && this.#text[this.#at] !== '`') {
      if (this.#text.startsWith('${', this.#at)) {
        this.#at += 2;
        this.#scanCode('}');
        this.#at++;
      } else {
        this.#blankTo(Math.min(this.#at + (this.#text[this.#at] === '\\' ? 2 : 1), this.#text.length));
      }
    }
    this.#at++;
    return true;
  }

  #skipRegularExpression(): true {
    let inClass = false;
    let end = this.#at + 1;
    for (; end < this.#text.length && this.#text[end] !== '\n'; end++) {
      const char = this.#text[end];
      if (char === '\\') end++;
      else if (char === '[') inClass = true;
      else if (char === ']') inClass = false;
      else if (char === '/' && !inClass) break;
    }
    return this.#blankTo(Math.min(end + 1, this.#text.length));
  }

  #expressionMayStart(): boolean {
    let i = this.#at - 1;
    while (i >= 0 && /\s/.test(this.#code[i]!)) i--;
    if (i < 0) return true;
    const last = this.#code[i]!;
    if (/[\w$]/.test(last)) {
      const word = /[\w$]+$/.exec(this.#code.slice(Math.max(0, i - 20), i + 1).join(''))![0];
      return wordsBeforeExpression.has(word);
    }
    return !/[)\]}'"`]/.test(last);
  }
}

/** 1-based line of a position. */
export function lineAt(text: string, position: number): number {
  let line = 1;
  for (let i = text.indexOf('\n'); i !== -1 && i < position; i = text.indexOf('\n', i + 1)) line++;
  return line;
}

/** `import … from '`, `export … from '`, `import '`, `import('`, `require('`: the match ends behind the opening quote. */
const importStart =
  /(?<![\w$.])(?:(?:import|export)\b(?:\s+type\b)?\s*(?:[\w$*{][^;'"()=]*?\bfrom\s*)?|(?:import|require)\s*\(\s*)(['"])/g;

function findImports(text: string, code: string): readonly ImportStatement[] {
  const imports: ImportStatement[] = [];
  for (const match of code.matchAll(importStart)) {
    const start = match.index + match[0].length;
    const end = code.indexOf(match[1]!, start);
    if (end === -1) continue;
    imports.push({ specifier: text.slice(start, end), clause: match[0].slice(0, -1), line: lineAt(text, start) });
  }
  return imports;
}

export function readSource(text: string): SourceText {
  const code = new Scanner(text).scan();
  return { code, imports: findImports(text, code) };
}
