/** Values as the original's tools print them: JSON with sorted keys, or YAML (spec/cli.md §2). */
import { byBytes } from '../../runtime/formats/byte-string.ts';

/** What JSON can hold; undefined members are left out. */
export type Value = string | number | boolean | null | undefined | readonly Value[] | { readonly [key: string]: Value };

type Members = readonly (readonly [key: string, value: Value])[];

/** One line without line feed. */
export function jsonLine(value: Value): string {
  if (isList(value)) return `[${value.map((item) => jsonLine(item ?? null)).join(',')}]`;
  if (!isObject(value)) return JSON.stringify(value ?? null);
  return `{${membersOf(value).map(([key, member]) => `${JSON.stringify(key)}:${jsonLine(member)}`)}}`;
}

/** Three blanks of indentation per level, blanks on both sides of the colon; no line feed at the end. */
export function jsonPretty(value: Value, indentation = ''): string {
  const deeper = `${indentation}   `;
  const block = (open: string, lines: readonly string[], close: string) =>
    lines.length === 0 ? open + close : `${open}\n${lines.join(',\n')}\n${indentation}${close}`;
  if (isList(value))
    return block(
      '[',
      value.map((item) => deeper + jsonPretty(item ?? null, deeper)),
      ']',
    );
  if (!isObject(value)) return JSON.stringify(value ?? null);
  const lines = membersOf(value).map(
    ([key, member]) => `${deeper}${JSON.stringify(key)} : ${jsonPretty(member, deeper)}`,
  );
  return block('{', lines, '}');
}

/** A document with its leading `---`; ends in a line feed. */
export function yamlText(value: Value): string {
  const lines = yamlLines(value);
  return isScalar(lines) ? `--- ${lines}\n` : `---\n${lines.map((line) => `${line}\n`).join('')}`;
}

function yamlLines(value: Value): string | readonly string[] {
  if (isList(value)) {
    if (value.length === 0) return '[]';
    return value.flatMap((item) => {
      const lines = yamlLines(item);
      return isScalar(lines) ? [`- ${lines}`] : lines.map((line, i) => `${i === 0 ? '- ' : '  '}${line}`);
    });
  }
  if (!isObject(value)) return yamlScalar(value);
  const members = membersOf(value);
  if (members.length === 0) return '{}';
  return members.flatMap(([key, member]) => {
    const lines = yamlLines(member);
    if (isScalar(lines)) return [`${yamlScalar(key)}: ${lines}`];
    const inner = isList(member) ? lines : lines.map((line) => `  ${line}`);
    return [`${yamlScalar(key)}:`, ...inner];
  });
}

/** Plain where nothing but text can be read into it; JSON's quotes are YAML's too. */
function yamlScalar(value: string | number | boolean | null | undefined): string {
  if (value === undefined || value === null) return '~';
  if (typeof value !== 'string') return String(value);
  const isPlain = /^[A-Za-z_][A-Za-z0-9_./-]*(?: [A-Za-z0-9_./-]+)*$/.test(value);
  return isPlain && !/^(?:true|false|yes|no|on|off|null|y|n)$/i.test(value) ? value : JSON.stringify(value);
}

function isScalar(lines: string | readonly string[]): lines is string {
  return typeof lines === 'string';
}

function isList(value: Value): value is readonly Value[] {
  return Array.isArray(value);
}

function isObject(value: Value): value is { readonly [key: string]: Value } {
  return typeof value === 'object' && value !== null;
}

function membersOf(value: { readonly [key: string]: Value }): Members {
  return Object.entries(value)
    .filter(([, member]) => member !== undefined)
    .sort(([a], [b]) => byBytes(a, b));
}
