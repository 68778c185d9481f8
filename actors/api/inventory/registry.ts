/**
 * Every method of the API as data: schema, permission, way of proxying, shape of the result (spec/api.md §10 and appendix).
 * Records are decoded when they are asked for, so that a command which needs one method pays for one.
 */
import { formatLines, methodLines, sharedSchemaLines } from './method-records.ts';

export type Verb = 'GET' | 'POST' | 'PUT' | 'DELETE';
export const VERBS: readonly Verb[] = ['GET', 'POST', 'PUT', 'DELETE'];

export type Schema = Readonly<Record<string, unknown>>;

export interface Parameter extends Schema {
  readonly name: string;
  readonly type: string;
  /** `path`: a variable of the path. */
  readonly in?: 'path';
  readonly optional?: boolean;
  readonly format?: string;
  readonly items?: Schema;
  /** Selects the variant of the others. */
  readonly typeSelector?: boolean;
  /** Values of the selector for which this parameter is. */
  readonly variants?: readonly string[];
}

export interface Permission {
  /** `world`: nobody needs to be known; `all`: whoever is known. */
  readonly user?: 'world' | 'all';
  /** Prefix expression of spec/access.md §7. */
  readonly check?: readonly unknown[];
  /** Privileges that the method itself looks at. */
  readonly codeChecks?: readonly string[];
}

export interface MethodFacts {
  readonly verb: Verb;
  /** With variables in braces, as `/nodes/{node}/tasks`. */
  readonly path: string;
  readonly name: string;
  readonly tier: number;
  /** Runs in pvedaemon only. */
  readonly isProtected: boolean;
  /** The parameter that names the node which runs it. */
  readonly nodeParameter: string | undefined;
  readonly isForTokens: boolean;
  readonly isDownload: boolean;
  readonly permission: Permission;
  readonly refusesUnknown: boolean;
  readonly parameters: readonly Parameter[];
  readonly returns: Schema;
}

/** The letters of a record; bin/dev/make-method-records.ts writes them. */
interface MethodRecord {
  readonly n: string;
  readonly t: number;
  readonly p?: 1;
  readonly x?: string;
  readonly k?: 0;
  readonly d?: 1;
  readonly u?: 'world' | 'all';
  readonly e?: readonly unknown[];
  readonly s?: readonly string[];
  readonly a?: 0;
  readonly q?: readonly (number | Parameter)[];
  readonly o: number | Schema;
}

const sharedLines = sharedSchemaLines.split('\n');
const sharedSchemas = new Map<number, Schema>();
/** The root isn't in the inventory (spec/api.md §10.1). */
const rootLine =
  'GET / {"n":"index","t":1,"u":"all","a":0,"o":{"type":"array","childKey":"subdir","items":{"type":"object","properties":{"subdir":{"type":"string"}}}}}';
const recordTexts: ReadonlyMap<string, string> = new Map(
  [rootLine, ...methodLines.split('\n')].map((line) => {
    const brace = line.indexOf(' {"');
    return [line.slice(0, brace), line.slice(brace + 1)];
  }),
);
const decoded = new Map<string, MethodFacts>();

/** The facts of one method, or undefined where the API has no such method. `path` is the template. */
export function methodFacts(verb: string, path: string): MethodFacts | undefined {
  const key = `${verb} ${path}`;
  const known = decoded.get(key);
  const text = recordTexts.get(key);
  if (known !== undefined || text === undefined) return known;
  const facts = factsOf(verb as Verb, path, JSON.parse(text) as MethodRecord);
  decoded.set(key, facts);
  return facts;
}

/** `VERB /path` of every method, in the order of the record file. */
export function methodKeys(): readonly string[] {
  return [...recordTexts.keys()];
}

export function allMethods(): readonly MethodFacts[] {
  return methodKeys().map((key) => {
    const blank = key.indexOf(' ');
    return methodFacts(key.slice(0, blank), key.slice(blank + 1))!;
  });
}

function factsOf(verb: Verb, path: string, record: MethodRecord): MethodFacts {
  const permission: Permission = {
    ...(record.u !== undefined && { user: record.u }),
    ...(record.e !== undefined && { check: record.e }),
    ...(record.s !== undefined && { codeChecks: record.s }),
  };
  return {
    verb,
    path,
    name: record.n,
    tier: record.t,
    isProtected: record.p === 1,
    nodeParameter: record.x,
    isForTokens: record.k !== 0,
    isDownload: record.d === 1,
    permission,
    refusesUnknown: record.a === 0,
    parameters: (record.q ?? []).map((one) => shared(one) as Parameter),
    returns: shared(record.o),
  };
}

function shared(place: number | Schema): Schema {
  if (typeof place !== 'number') return place;
  const known = sharedSchemas.get(place) ?? (JSON.parse(sharedLines[place]!) as Schema);
  sharedSchemas.set(place, known);
  return known;
}

let formats: ReadonlyMap<string, string> | undefined;

/** Keys of a property string, by format name (`obj:…` for those of one parameter only); undefined for other formats. */
export function propertyStringFormat(name: string): Readonly<Record<string, Schema>> | undefined {
  formats ??= new Map(
    formatLines.split('\n').map((line) => {
      const blank = line.indexOf(' {');
      return [line.slice(0, blank), line.slice(blank + 1)];
    }),
  );
  const text = formats.get(name);
  return text === undefined ? undefined : (JSON.parse(text) as Record<string, Schema>);
}
