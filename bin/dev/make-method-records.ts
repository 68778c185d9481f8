/**
 * Writes the data file of the API's methods from an inventory: `node --import tsx bin/dev/make-method-records.ts DIR`, where DIR
 * has `api-inventory.json` and `api-formats.json`. Facts only; definitions that occur more than once are written once.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

type Json = Readonly<Record<string, unknown>>;

interface InventoryMethod {
  readonly path: string;
  readonly method: string;
  readonly name: string;
  readonly tier: number;
  readonly protected: boolean;
  readonly proxyto: string | null;
  readonly allowtoken?: boolean;
  readonly downloadAllowed?: boolean;
  readonly exposeCredentials?: boolean;
  readonly additionalParams?: boolean;
  readonly permissions: Json;
  readonly params: readonly Json[];
  readonly returns: Json;
}

interface FormatInventory {
  readonly inline: Readonly<Record<string, Json>>;
  readonly named: Readonly<Record<string, { readonly kind: string; readonly properties?: Json }>>;
}

const target = new URL('../../actors/api/inventory/method-records.ts', import.meta.url);

function main(folder: string): void {
  const methods = JSON.parse(readFileSync(join(folder, 'api-inventory.json'), 'utf8')) as readonly InventoryMethod[];
  const formats = JSON.parse(readFileSync(join(folder, 'api-formats.json'), 'utf8')) as FormatInventory;
  const shared = repeated(
    methods.flatMap(({ params, returns }) => [...params, returns]).map((one) => JSON.stringify(one)),
  );
  const place = (schema: Json) => shared.get(JSON.stringify(schema)) ?? schema;
  const records = methods.map((method) => `${method.method} ${method.path} ${JSON.stringify(recordOf(method, place))}`);
  const named = Object.entries(formats.named).filter(([, { properties }]) => properties !== undefined);
  const formatRecords = [
    ...Object.entries(formats.inline).map(([name, properties]) => `obj:${name} ${JSON.stringify(properties)}`),
    ...named.map(([name, { properties }]) => `${name} ${JSON.stringify(properties)}`),
  ];
  const text = [
    '// Made by bin/dev/make-method-records.ts: one record a line. registry.ts reads it.',
    '',
    constant('sharedSchemaLines', 'Parameters and results that several methods have, referred to by their place.', [
      ...shared.keys(),
    ]),
    constant('methodLines', 'Verb, path and facts of each method.', records),
    constant('formatLines', 'Keys of property strings, by the name of their format.', formatRecords),
  ].join('\n');
  writeFileSync(target, text);
}

function repeated(texts: readonly string[]): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  for (const text of texts) counts.set(text, (counts.get(text) ?? 0) + 1);
  const several = [...counts].filter(([text, count]) => count > 1 && text.length > 4).map(([text]) => text);
  return new Map(several.map((text, place) => [text, place]));
}

/** Only what differs from the usual case is written; registry.ts has the meaning of the letters. */
function recordOf(method: InventoryMethod, place: (schema: Json) => Json | number): Json {
  const { user, check, codeChecks, rootOnlyParts } = method.permissions;
  return {
    n: method.name,
    t: method.tier,
    ...(method.protected && { p: 1 }),
    ...(method.proxyto !== null && { x: method.proxyto.replace(/^callback:/, '') }),
    ...(method.allowtoken === false && { k: 0 }),
    ...(method.downloadAllowed && { d: 1 }),
    ...(method.exposeCredentials && { c: 1 }),
    ...(user !== undefined && { u: user }),
    ...(check !== undefined && { e: check }),
    ...(codeChecks !== undefined && { s: codeChecks }),
    ...(rootOnlyParts === true && { r: 1 }),
    ...(method.additionalParams === false && { a: 0 }),
    ...(method.params.length > 0 && { q: method.params.map(place) }),
    o: place(method.returns),
  };
}

function constant(name: string, description: string, lines: readonly string[]): string {
  const text = lines.join('\n');
  if (/`|\$\{/.test(text)) throw new Error(`${name} can't stand in a template`);
  return `/** ${description} */\nexport const ${name}: string = String.raw\`${text}\`;\n`;
}

main(process.argv[2] ?? '.');
