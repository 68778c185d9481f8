/**
 * Reads and writes section configurations (spec/storage.md §1.1 to §1.3). Texts are byte strings. Reading always succeeds;
 * what is wrong comes out as the original's warnings.
 *
 *  I1 A line is never lost silently, except comments, empty lines and the lines of a skipped section.
 *  I2 Writing what was read without warnings, and reading it again, gives the same sections in the same order.
 */
import { byBytes, sha1Hex } from './byte-string.ts';
import { checkValue } from './property-check.ts';
import type { NamedFormats, PropertySchema } from './property-schema.ts';
import type { OptionFlags, ResolvedType, SectionSystem } from './section-config-types.ts';

export interface Section {
  readonly type: string;
  /** Decoded values by key: text, numbers (also of booleans), lists of text, or what `decode` made. */
  readonly values: ReadonlyMap<string, unknown>;
}

export interface SectionError {
  /** `file <name> line <n>` */
  readonly context: string;
  readonly section: string;
  readonly key: string;
  readonly err: string;
}

export interface SectionConfig {
  /** SHA-1 in hex of the text. */
  readonly digest: string;
  /** Null marks a section that failed its final check; it keeps its place in `order`. */
  readonly ids: ReadonlyMap<string, Section | null>;
  /** From 1, in the order of the file. */
  readonly order: ReadonlyMap<string, number>;
  readonly errors: readonly SectionError[];
  readonly warnings: readonly string[];
}

/** An undefined value is dropped. */
export type Decoded =
  | { readonly value: unknown; readonly warnings?: readonly string[] }
  | { readonly error: string; readonly warnings?: readonly string[] };

export interface SectionHandling {
  readonly formats?: NamedFormats;
  /** Keeps sections of unknown type, raw. */
  readonly allowUnknown?: boolean;
  /** Judges a header, whose type is in lower case already. Undefined: no header, the line is ignored with a warning. */
  header?(type: string, id: string): { readonly id: string; readonly error?: string } | undefined;
  /** Makes the value of the program from that of the file, in the final check. Its warnings are whole lines. */
  decode?(type: string, key: string, value: unknown): Decoded;
  /** The inverse of what `header` did to an id. */
  writtenId?(id: string): string;
  /** The inverse of `decode`. Undefined: not written. */
  encode?(type: string, key: string, value: unknown): unknown;
}

const headerLine = /^([^ \t\r\n\f\v]+):[ \t\r\n\f\v]*([^ \t\r\n\f\v]+)[ \t\r\n\f\v]*$/;
const propertyLine = /^[ \t\r\n\f\v]+([^ \t\r\n\f\v]+)(?:[ \t\r\n\f\v]+([^\n]*[^ \t\r\n\f\v]))?[ \t\r\n\f\v]*$/;
const commentLine = /^[ \t\r\n\f\v]*#/;

/** @param fileName as it shall stand in warnings */
export function readSections(
  system: SectionSystem,
  fileName: string,
  text: string,
  handling: SectionHandling = {},
): SectionConfig {
  return new Reader(system, fileName, text, handling).read();
}

/** A section while it is being read. */
interface OpenSection {
  readonly id: string;
  readonly typeName: string;
  /** Undefined: of unknown type, kept raw. */
  readonly type: ResolvedType | undefined;
  readonly values: Map<string, unknown>;
}

class Reader {
  readonly #system: SectionSystem;
  readonly #fileName: string;
  readonly #lines: readonly string[];
  readonly #handling: SectionHandling;
  readonly #digest: string;
  readonly #ids = new Map<string, Section | null>();
  readonly #order = new Map<string, number>();
  readonly #errors: SectionError[] = [];
  readonly #warnings: string[] = [];
  /** Number of the line that was read last, from 1. */
  #lineNumber = 0;
  /** The same without comments and the line that ended the section: what warnings name. */
  #placeNumber = 0;
  #nextOrder = 1;

  constructor(system: SectionSystem, fileName: string, text: string, handling: SectionHandling) {
    this.#system = system;
    this.#fileName = fileName;
    this.#handling = handling;
    this.#digest = sha1Hex(text);
    this.#lines = text.split('\n');
  }

  read(): SectionConfig {
    for (let line = this.#next(); line !== undefined; line = this.#next()) {
      if (endsSection(line)) continue;
      this.#placeNumber = this.#lineNumber;
      const header = this.#header(line);
      if (header === undefined) this.#warnings.push(`${this.#place()} - ignore config line: ${line}`);
      else if (header === 'skip') this.#skip();
      else this.#readSection(header);
    }
    return {
      digest: this.#digest,
      ids: this.#ids,
      order: this.#order,
      errors: this.#errors,
      warnings: this.#warnings,
    };
  }

  /** The next line that is no comment. */
  #next(): string | undefined {
    while (this.#lineNumber < this.#lines.length) {
      const line = this.#lines[this.#lineNumber++]!;
      if (!commentLine.test(line)) return line;
    }
    return undefined;
  }

  /** The next line of the section that is open. */
  #nextInside(): string | undefined {
    const line = this.#next();
    if (line === undefined || endsSection(line)) return undefined;
    this.#placeNumber = this.#lineNumber;
    return line;
  }

  #place(): string {
    return `file ${this.#fileName} line ${this.#placeNumber}`;
  }

  /** Undefined: no header. */
  #header(line: string): OpenSection | 'skip' | undefined {
    const match = headerLine.exec(line);
    if (match === null) return undefined;
    const typeName = asciiLowerCase(match[1]!);
    const judged = this.#handling.header === undefined ? { id: match[2]! } : this.#handling.header(typeName, match[2]!);
    if (judged === undefined) return undefined;
    const type = this.#system.types.get(typeName);
    const unknown = type === undefined && !this.#handling.allowUnknown ? `unsupported type '${typeName}'` : undefined;
    const error = judged.error ?? unknown;
    if (error === undefined) return { id: judged.id, typeName, type, values: new Map() };
    this.#warnings.push(`${this.#place()} (skip section '${judged.id}'): ${error}`);
    return 'skip';
  }

  #skip(): void {
    while (this.#nextInside() !== undefined);
  }

  #readSection(section: OpenSection): void {
    for (let line = this.#nextInside(); line !== undefined; line = this.#nextInside()) {
      const match = propertyLine.exec(line);
      if (match === null) {
        this.#warnings.push(`${this.#place()} (section '${section.id}') - ignore config line: ${line}`);
        continue;
      }
      const err = this.#takeProperty(section, match[1]!, match[2]);
      if (err !== undefined) this.#complain(section.id, match[1]!, err);
    }
    this.#order.delete(section.id);
    this.#order.set(section.id, this.#nextOrder++);
    this.#ids.set(section.id, this.#complete(section));
  }

  #complain(section: string, key: string, err: string): void {
    const context = this.#place();
    this.#warnings.push(`${context} (section '${section}') - unable to parse value of '${key}': ${err}`);
    this.#errors.push({ context, section, key, err });
  }

  #takeProperty({ type, values }: OpenSection, key: string, text: string | undefined): string | undefined {
    if (type === undefined) {
      values.set(key, collected(values.get(key), text));
      return undefined;
    }
    const schema = definitionOf(this.#system, type, key);
    if (schema === undefined) return 'unknown property type';
    const isArray = schema.type === 'array';
    if (!isArray && values.has(key)) return 'duplicate attribute';
    const checked = this.#check(type, key, schema, text);
    if ('error' in checked) return checked.error;
    values.set(key, isArray ? [...((values.get(key) ?? []) as unknown[]), checked.value] : checked.value);
    return undefined;
  }

  #check(type: ResolvedType, key: string, schema: PropertySchema, text: string | undefined): Decoded {
    if (!type.options.has(key)) return { error: `unexpected property '${key}'` };
    if (text === undefined) return schema.type === 'boolean' ? { value: 1 } : { error: 'got undefined value' };
    if (text.includes('\r')) return { error: 'property contains a line feed' };
    const checkedBy = schema.type === 'array' ? (schema.items ?? {}) : schema;
    const error = checkValue(text, checkedBy, this.#handling.formats ?? noFormats);
    if (error !== undefined) return { error };
    return { value: numeric.has(schema.type) ? Number(text) : text };
  }

  /** The final check: every required option has a value, and every value can be decoded. */
  #complete({ id, typeName, type, values }: OpenSection): Section | null {
    if (type === undefined) return { type: typeName, values };
    const decoded = new Map<string, unknown>();
    for (const [key, value] of values) {
      const result: Decoded = this.#handling.decode?.(typeName, key, value) ?? { value };
      this.#warnings.push(...(result.warnings ?? []));
      if ('error' in result) return this.#failed(id, result.error);
      if (result.value !== undefined) decoded.set(key, result.value);
    }
    const missing = [...requiredKeys(type)].find((key) => !values.has(key));
    if (missing !== undefined) return this.#failed(id, missingValue(missing));
    return { type: typeName, values: decoded };
  }

  #failed(id: string, error: string): null {
    this.#warnings.push(`${this.#place()} (skip section '${id}'): ${error}`);
    return null;
  }
}

const noFormats: NamedFormats = new Map();
const numeric = new Set<PropertySchema['type']>(['boolean', 'integer', 'number']);

function endsSection(line: string): boolean {
  return line === '' || line === '0';
}

function asciiLowerCase(bytes: string): string {
  return bytes.replace(/[A-Z]/g, (letter) => letter.toLowerCase());
}

/** Of a section of unknown type: repeated keys become lists. */
function collected(before: unknown, text: string | undefined): unknown {
  if (before === undefined) return text;
  return Array.isArray(before) ? [...before, text] : [before, text];
}

/** What the key means when it is read: own definitions and the shared list, whether the type may use it or not. */
function definitionOf(system: SectionSystem, type: ResolvedType, key: string): PropertySchema | undefined {
  return type.definition(key) ?? system.shared.get(key);
}

function requiredKeys(type: ResolvedType): readonly string[] {
  return [...type.options].flatMap(([key, flags]) => (flags.optional ? [] : [key])).sort(byBytes);
}

function missingValue(key: string): string {
  return `missing value for required option '${key}'`;
}

export interface WritableConfig {
  readonly ids: ReadonlyMap<string, Section | null>;
  readonly order: ReadonlyMap<string, number>;
}

/** The text of a configuration; sections without an order number come last. An error is the original's sentence. */
export function writeSections(
  system: SectionSystem,
  config: WritableConfig,
  handling: SectionHandling = {},
): { readonly text: string } | { readonly error: string } {
  const last = Math.max(0, ...config.order.values()) + 1;
  const place = (id: string) => config.order.get(id) ?? last;
  const parts: string[] = [];
  for (const id of [...config.ids.keys()].sort((a, b) => place(a) - place(b) || byBytes(a, b))) {
    const section = config.ids.get(id);
    if (section === undefined || section === null) continue;
    const written = writeSection(system, id, section, handling);
    if ('error' in written) return written;
    parts.push(written.text);
  }
  return { text: parts.join('') };
}

function writeSection(
  system: SectionSystem,
  id: string,
  section: Section,
  handling: SectionHandling,
): { readonly text: string } | { readonly error: string } {
  const type = system.types.get(section.type);
  if (type === undefined && !handling.allowUnknown) return { error: `unknown section type '${section.type}'` };
  const keys = type === undefined ? unknownKeys(section) : orderedKeys(type.options);
  const missing = type && requiredKeys(type).find((key) => isEmpty(section.values.get(key)));
  if (missing !== undefined) return { error: `section '${id}' - ${missingValue(missing)}` };
  let text = `${section.type}: ${handling.writtenId?.(id) ?? id}\n`;
  for (const key of keys) {
    const raw = section.values.get(key);
    const encoded = raw === undefined || handling.encode === undefined ? raw : handling.encode(section.type, key, raw);
    if (isEmpty(encoded)) continue;
    if (type !== undefined && key === 'disable') {
      if (Number(encoded) !== 0) text += '\tdisable\n';
      continue;
    }
    const isBoolean = type?.definition(key)?.type === 'boolean';
    for (const item of Array.isArray(encoded) ? encoded : [encoded]) {
      const written = isBoolean ? (Number(item) === 0 ? '0' : '1') : String(item);
      if (/[\r\n]/.test(written)) return { error: `property '${key}' contains a line feed` };
      text += `\t${key} ${written}\n`;
    }
  }
  return { text: `${text}\n` };
}

function isEmpty(value: unknown): boolean {
  return value === undefined || value === null || value === '';
}

/** Comment, disable, the required options, the others. */
function orderedKeys(options: ReadonlyMap<string, OptionFlags>): readonly string[] {
  const rank = (key: string) => (key === 'comment' ? 0 : key === 'disable' ? 1 : options.get(key)!.optional ? 3 : 2);
  return [...options.keys()].sort((a, b) => rank(a) - rank(b) || byBytes(a, b));
}

function unknownKeys(section: Section): readonly string[] {
  const rank = (key: string) => (key === 'comment' ? 0 : 1);
  return [...section.values.keys()].sort((a, b) => rank(a) - rank(b) || byBytes(a, b));
}
