/** The schema of a method's parameters in the dialect of spec/formats.md §6, for the validator, usage texts and the viewer. */
import { type MethodFacts, type Parameter, propertyStringFormat, type Schema } from './inventory/registry.ts';

type Properties = Record<string, Schema>;

/** How many members the families `net[n]` and so on have (spec/api.md §3.8). */
const familySizes: Readonly<Record<string, number>> = {
  net: 32,
  scsi: 31,
  virtio: 16,
  sata: 6,
  ide: 4,
  hostpci: 16,
  usb: 14,
  serial: 4,
  parallel: 3,
  unused: 256,
  ipconfig: 32,
  numa: 8,
  virtiofs: 10,
  mp: 256,
  dev: 256,
  link: 8,
  acmedomain: 6,
};

const built = new WeakMap<MethodFacts, Schema>();

export function parameterSchema(facts: MethodFacts): Schema {
  const known = built.get(facts) ?? buildSchema(facts);
  built.set(facts, known);
  return known;
}

function buildSchema({ parameters, refusesUnknown }: MethodFacts): Schema {
  const selector = parameters.find(({ typeSelector }) => typeSelector);
  if (selector === undefined) {
    return { type: 'object', ...(refusesUnknown && { additionalProperties: 0 }), properties: propertiesOf(parameters) };
  }
  const shared = parameters.filter((one) => one !== selector && one.variants === undefined);
  const oneOf = (selector.enum as readonly string[]).map((type) => ({
    'instance-type': type,
    additionalProperties: 0,
    properties: propertiesOf(parameters.filter(({ variants }) => variants?.includes(type))),
  }));
  return {
    allOf: [
      { additionalProperties: 0, properties: propertiesOf(shared) },
      { 'type-property': selector.name, 'type-property-schema': schemaOf(selector), oneOf },
    ],
  };
}

function propertiesOf(parameters: readonly Parameter[]): Properties {
  const properties: Properties = {};
  for (const parameter of parameters) {
    const family = /^(.+)\[n\]$/.exec(parameter.name)?.[1];
    const schema = schemaOf(parameter);
    if (family === undefined) properties[parameter.name] = schema;
    else for (let n = 0; n < (familySizes[family] ?? 0); n++) properties[`${family}${n}`] = schema;
  }
  return properties;
}

function schemaOf(parameter: Parameter): Schema {
  const { name: _name, in: _in, typeSelector: _selector, variants: _variants, ...schema } = parameter;
  return withFormats(schema);
}

/** A format that is the keys of a property string is written out. */
function withFormats(schema: Schema): Schema {
  const { format, items, oneOf } = schema;
  const properties = typeof format === 'string' ? propertyStringFormat(format) : undefined;
  const keys =
    properties && Object.fromEntries(Object.entries(properties).map(([key, one]) => [key, withFormats(one)]));
  return {
    ...schema,
    ...(keys !== undefined && { format: keys }),
    ...(items !== undefined && { items: withFormats(items as Schema) }),
    ...(Array.isArray(oneOf) && { oneOf: oneOf.map((one) => withFormats(one as Schema)) }),
  };
}
