import { Command } from 'commander';
import { handledKeys } from '../../actors/api/handlers.ts';
import { allMethods, type MethodFacts } from '../../actors/api/inventory/registry.ts';
import { parameterSchema } from '../../actors/api/method-schema.ts';
import { partOf } from '../../actors/api/parts.ts';

interface Coverage {
  readonly part: string;
  readonly handled: number;
  readonly missing: readonly MethodFacts[];
}

async function coverageByPart(): Promise<readonly Coverage[]> {
  const handled = await handledKeys();
  const parts = new Map<string, MethodFacts[]>();
  for (const facts of allMethods()) {
    const part = partOf(facts.path);
    parts.set(part, [...(parts.get(part) ?? []), facts]);
  }
  return [...parts]
    .map(([part, methods]) => {
      const missing = methods.filter(({ verb, path }) => !handled.has(`${verb} ${path}`));
      return { part, handled: methods.length - missing.length, missing };
    })
    .sort((one, other) => (one.part < other.part ? -1 : 1));
}

async function coverage({ missing: isDetailed }: { readonly missing?: boolean }): Promise<void> {
  const parts = await coverageByPart();
  for (const { part, handled, missing } of parts) {
    console.log(`${String(handled).padStart(4)} of ${String(handled + missing.length).padEnd(4)} ${part}`);
    if (isDetailed) for (const { verb, path } of missing) console.log(`             ${verb.padEnd(6)} ${path}`);
  }
  const handled = parts.reduce((sum, part) => sum + part.handled, 0);
  const all = parts.reduce((sum, part) => sum + part.handled + part.missing.length, 0);
  console.log(`${handled} of ${all} methods have a handler`);
}

/** One JSON document: methods with the schema of their parameters, their permission and the shape of their result. */
function describe(): void {
  const methods = allMethods().map((facts) => {
    const { parameters: _parameters, refusesUnknown: _refuses, ...rest } = facts;
    return { ...rest, parameters: parameterSchema(facts) };
  });
  console.log(JSON.stringify(methods, null, 1));
}

/** `pve-actors api …`: the API's registry. */
export function apiCommand(): Command {
  const api = new Command('api').description('methods of the API');
  api
    .command('coverage')
    .description('how many methods have a handler, by part')
    .option('--missing', 'name those that have none')
    .action(coverage);
  api.command('describe').description('all methods as JSON').action(describe);
  return api;
}
