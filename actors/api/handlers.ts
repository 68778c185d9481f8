/** Finds the handler of a method. A collection's file is loaded when one of its methods is asked for. */
import type { Method } from './method.ts';
import { collections } from './tree/collections.ts';

const loaded = new Map<string, ReadonlyMap<string, Method>>();

/** Undefined where the method has none. */
export async function handlerOf(verb: string, path: string): Promise<Method | undefined> {
  const prefix = collectionOf(path);
  return prefix === undefined ? undefined : (await methodsOf(prefix)).get(`${verb} ${path}`);
}

/** `VERB /path` of all methods with a handler. */
export async function handledKeys(): Promise<ReadonlySet<string>> {
  const keys = new Set<string>();
  for (const prefix of Object.keys(collections)) for (const key of (await methodsOf(prefix)).keys()) keys.add(key);
  return keys;
}

/** The longest prefix in whole fragments. */
function collectionOf(path: string): string | undefined {
  let prefix = path;
  while (!Object.hasOwn(collections, prefix)) {
    if (prefix === '/' || prefix === '') return undefined;
    prefix = prefix.slice(0, prefix.lastIndexOf('/')) || '/';
  }
  return prefix;
}

async function methodsOf(prefix: string): Promise<ReadonlyMap<string, Method>> {
  const known = loaded.get(prefix);
  if (known !== undefined) return known;
  const { methods } = await collections[prefix]!();
  const byKey = new Map(methods.map((one) => [`${one.verb} ${one.path}`, one]));
  loaded.set(prefix, byKey);
  return byKey;
}
