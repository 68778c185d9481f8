/** The corpus `section-config`: reading, writing, and the schemas derived from the types (its README). */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { readSections, type SectionConfig, writeSections } from '../../../runtime/formats/section-config.ts';
import {
  defineSections,
  type Properties,
  type SectionDefinition,
  type SectionSystem,
  type SectionType,
} from '../../../runtime/formats/section-config-types.ts';
import { createSchema, updateSchema } from '../../../runtime/formats/section-schema.ts';
import { type CorpusCase, differenceOf, judged } from '../corpus.ts';
import { looseDifference } from '../vectors.ts';

interface CorpusType {
  readonly properties: Properties;
  readonly options: NonNullable<SectionType['options']>;
  readonly plugindata: Readonly<Record<string, unknown>>;
}

interface CorpusSystem {
  readonly base_property_list: Properties;
  readonly property_isolation: boolean;
  readonly plugins: Readonly<Record<string, CorpusType>>;
}

interface Vector {
  readonly id: string;
  readonly kind: string;
  readonly system?: string;
  readonly filename?: string;
  readonly input?: string;
  readonly allow_unknown?: boolean;
  readonly warnings?: readonly string[];
  readonly expected?: unknown;
  readonly rewritten?: string;
  readonly base?: { readonly propertyList?: Properties; readonly propertyIsolation?: 0 | 1 };
  readonly plugins?: Readonly<Record<string, CorpusType>>;
  readonly expect_init_error?: string | null;
}

export async function run(directory: string): Promise<readonly CorpusCase[]> {
  const { systems, cases } = JSON.parse(readFileSync(join(directory, 'cases.json'), 'utf8')) as {
    readonly systems: Readonly<Record<string, CorpusSystem>>;
    readonly cases: readonly Vector[];
  };
  return cases.map((vector) => {
    try {
      return judged(vector.id, differenceIn(vector, systems));
    } catch (error) {
      return judged(vector.id, (error as Error).message);
    }
  });
}

function differenceIn(vector: Vector, systems: Readonly<Record<string, CorpusSystem>>): string | undefined {
  if (vector.kind === 'schemas') return schemasDifference(vector);
  const { base_property_list, property_isolation, plugins } = systems[vector.system ?? '']!;
  const system = initialised(definitionOf(base_property_list, plugins, property_isolation));
  if (vector.kind === 'createSchema') return looseDifference(createSchema(system), vector.expected);
  if (vector.kind === 'updateSchema') return looseDifference(updateSchema(system), vector.expected);
  return vector.kind === 'parse' ? parseDifference(vector, system) : `unknown kind ${vector.kind}`;
}

function definitionOf(
  base: Properties,
  plugins: Readonly<Record<string, CorpusType>>,
  isIsolated: boolean,
): SectionDefinition {
  const types = Object.entries(plugins).map(([name, { properties, options, plugindata }]): [string, SectionType] => [
    name,
    {
      properties,
      options,
      isolateProperties: Boolean(plugindata['isolate-properties']),
      ...(plugindata['expose-properties'] !== undefined && {
        exposeProperties: plugindata['expose-properties'] as NonNullable<SectionType['exposeProperties']>,
      }),
    },
  ]);
  return { base, types: Object.fromEntries(types), propertyIsolation: isIsolated };
}

function initialised(definition: SectionDefinition): SectionSystem {
  const system = defineSections(definition);
  if ('error' in system) throw new Error(system.error);
  return system;
}

function schemasDifference({ base = {}, plugins = {}, expected, expect_init_error }: Vector): string | undefined {
  const define = (isIsolated: boolean) => definitionOf(base.propertyList ?? {}, plugins, isIsolated);
  const asGiven = Boolean(base.propertyIsolation);
  if (typeof expect_init_error === 'string') {
    const system = defineSections(define(asGiven));
    const error = 'error' in system ? system.error : 'no error';
    return error.startsWith(expect_init_error.trimEnd())
      ? undefined
      : `expected the error ${expect_init_error}, got ${error}`;
  }
  const wanted = (expected ?? {}) as Readonly<Record<string, unknown>>;
  const hasUnified = Object.keys(wanted).some((key) => key.startsWith('expected_unified_'));
  for (const [key, schema] of Object.entries(wanted)) {
    const [, mode, which] = /^expected_(unified|isolated)_(create|update)Schema$/.exec(key) ?? [];
    if (mode === undefined) return `unknown expectation ${key}`;
    const system = initialised(define(mode === 'isolated' && hasUnified ? true : asGiven));
    const difference = looseDifference(which === 'create' ? createSchema(system) : updateSchema(system), schema);
    if (difference !== undefined) return `${key}: ${difference}`;
  }
  return undefined;
}

function parseDifference(vector: Vector, system: SectionSystem): string | undefined {
  const handling = { allowUnknown: vector.allow_unknown ?? false };
  const config = readSections(system, vector.filename ?? '', bytesOf(vector.input ?? ''), handling);
  const warnings = differenceOf(config.warnings, (vector.warnings ?? []).map(bytesOf));
  if (warnings !== undefined) return `warnings: ${warnings}`;
  if (vector.expected === undefined) return undefined;
  const read = looseDifference(asExpected(config), vector.expected);
  if (read !== undefined) return read;
  if (vector.rewritten === undefined) return undefined;
  const written = writeSections(system, config, handling);
  return looseDifference('error' in written ? written.error : written.text, bytesOf(vector.rewritten));
}

function bytesOf(text: string): string {
  return Buffer.from(text, 'utf8').toString('latin1');
}

function asExpected({ ids, order }: SectionConfig): unknown {
  const sections = [...ids].map(([id, section]) => [
    id,
    section === null ? null : { type: section.type, ...Object.fromEntries(section.values) },
  ]);
  return { ids: Object.fromEntries(sections), order: Object.fromEntries(order) };
}
