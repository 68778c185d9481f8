/** Words of a POSIX shell: split with quotes and backslashes, and quoted again (spec/ha.md §11.2). */

/**
 * The words of a line, or undefined where a quote is not closed. In single quotes nothing is special; in double quotes a
 * backslash escapes `"`, `\`, `$` and the backtick; elsewhere it escapes any character.
 */
export function splitShellWords(line: string): readonly string[] | undefined {
  const words: string[] = [];
  let word: string | undefined;
  let quote = '';
  for (let i = 0; i < line.length; i++) {
    const char = line[i]!;
    if (quote === "'") {
      if (char === "'") quote = '';
      else word += char;
    } else if (char === '\\') {
      const next = line[++i] ?? '';
      const isEscape = quote === '' || '"\\$`'.includes(next);
      word = (word ?? '') + (isEscape ? next : char + next);
    } else if (char === quote) {
      quote = '';
    } else if (quote === '' && (char === '"' || char === "'")) {
      quote = char;
      word ??= '';
    } else if (quote === '' && /[ \t\r\n\f\v]/.test(char)) {
      if (word !== undefined) words.push(word);
      word = undefined;
    } else {
      word = (word ?? '') + char;
    }
  }
  if (quote !== '') return undefined;
  return word === undefined ? words : [...words, word];
}

/** As a word of a command line; judged byte by byte. */
export function quoteShellWord(word: string): string {
  return quoted(word, /^[A-Za-z0-9_!%+,.:/@^-]+$/);
}

/** As an argument of fence.cfg, where `=` is what every argument has. */
export function quoteArgument(argument: string): string {
  return quoted(argument, /^[A-Za-z0-9_!%+,.:/@^=-]+$/);
}

function quoted(word: string, harmless: RegExp): string {
  return harmless.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}
