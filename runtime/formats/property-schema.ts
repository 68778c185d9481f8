/**
 * The schema dialect of one plain value, as data (spec/formats.md §6). property-check.ts checks by it.
 */

export type Flag = 0 | 1 | boolean;

export interface PropertySchema {
  readonly type?: string;
  readonly description?: string;
  readonly optional?: Flag;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly pattern?: string;
  readonly enum?: readonly string[];
  readonly items?: PropertySchema;
  /** The name of a format, or the keys of a property string. */
  readonly format?: string | PropertyStringFormat;
  readonly default_key?: Flag;
  readonly alias?: string;
  readonly keyAlias?: string;
  readonly default?: string | number;
}

export type PropertyStringFormat = Readonly<Record<string, PropertySchema>>;

/** What is wrong with the text, or undefined. */
export type FormatCheck = (text: string) => string | undefined;
export type NamedFormats = ReadonlyMap<string, FormatCheck>;
