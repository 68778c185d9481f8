/**
 * `corosync.conf` as the group engine reads it: one `key: value`, `name {` or `}` per line (spec/pmxcfs.md §7.7).
 * Every part knows its line, so that a complaint can say where.
 */
export interface ConfOption {
  readonly key: string;
  readonly value: string;
  readonly line: number;
}

export interface ConfSection {
  readonly name: string;
  readonly line: number;
  readonly options: ConfOption[];
  readonly sections: ConfSection[];
}

/** Takes a complaint about a line; lines count from 1. */
export type Complain = (line: number, message: string) => void;

/** The tree of `text`. Lines that are none of the forms are complained about and skipped. */
export function parseConfLines(text: string, complain: Complain): ConfSection {
  const root: ConfSection = { name: '', line: 1, options: [], sections: [] };
  const open = [root];
  for (const [index, raw] of text.split('\n').entries()) {
    const line = index + 1;
    const trimmed = raw.trim();
    if (trimmed === '' || trimmed.startsWith('#')) continue;
    const section = open.at(-1)!;
    if (trimmed.endsWith('{')) {
      const name = trimmed.slice(0, -1).trim();
      if (!/^\w+$/.test(name)) complain(line, `'${clipped(name)}' is no section name; write the name, a blank and '{'`);
      const child: ConfSection = { name, line, options: [], sections: [] };
      section.sections.push(child);
      open.push(child);
    } else if (trimmed === '}') {
      if (open.length === 1) complain(line, "this '}' closes no section; remove it");
      else open.pop();
    } else {
      addOption(section, trimmed, line, complain);
    }
  }
  for (const unclosed of open.slice(1)) {
    complain(unclosed.line, `section '${unclosed.name}' is not closed; add a line with '}'`);
  }
  return root;
}

/** What may be quoted of a line that can be anything. */
function clipped(text: string): string {
  return text.length > 60 ? `${text.slice(0, 60)}…` : text;
}

function addOption(section: ConfSection, trimmed: string, line: number, complain: Complain): void {
  const colon = trimmed.indexOf(':');
  if (trimmed.includes('{') || trimmed.includes('}')) {
    complain(line, "braces must end a line ('name {') or stand alone ('}')");
    return;
  }
  if (colon === -1) {
    complain(line, `'${clipped(trimmed)}' is neither 'key: value', 'section {' nor '}'`);
    return;
  }
  const key = trimmed.slice(0, colon).trim();
  const value = trimmed.slice(colon + 1).trim();
  if (key === '') complain(line, "there is no key before ':'");
  else section.options.push({ key, value, line });
}
