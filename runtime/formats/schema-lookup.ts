/** Finds the schema of one property by its name, for command line options and `delete` lists (spec/formats.md §6.6). */
import type { PropertySchema } from './property-schema.ts';
import { schemaOf } from './property-schema.ts';

/**
 * The property's schema, or undefined where there is none. @param object what is known of the object: it selects variants
 */
export function propertySchema(
  schema: PropertySchema,
  name: string,
  object?: Readonly<Record<string, unknown>>,
): { readonly schema: PropertySchema | undefined } | { readonly error: string } {
  const found = placesOf(schema, name, object);
  const isAlias = ({ alias }: PropertySchema) => alias !== undefined;
  if (found.some(isAlias) && !found.every(isAlias)) {
    return { error: `property '${name}' exists as an alias and a regular option` };
  }
  return { schema: found[0] };
}

/** Every definition, in the order of the search. */
function placesOf(
  schema: PropertySchema,
  name: string,
  object: Readonly<Record<string, unknown>> | undefined,
): readonly PropertySchema[] {
  const own = schemaOf(schema.properties ?? {}, name);
  if (own !== undefined) return [own];
  if (schema.allOf !== undefined) return schema.allOf.flatMap((member) => placesOf(member, name, object));
  const selector = schema['type-property'];
  const selectorSchema = schema['type-property-schema'];
  if (schema.oneOf === undefined || selector === undefined || selectorSchema === undefined) return [];
  if (name === selector) return [selectorSchema];
  const selected = object === undefined || !Object.hasOwn(object, selector) ? undefined : object[selector];
  return schema.oneOf
    .filter((variant) => object === undefined || variant['instance-type'] === String(selected))
    .flatMap((variant) => placesOf(variant, name, object));
}
