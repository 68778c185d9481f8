import { Command } from 'commander';
import { runHaScenarios } from '../../simulations/reference/run-ha-scenarios.ts';

/** `sim ha DIR…`, for the program that has `sim`. */
export function simHaCommand(): Command {
  return new Command('ha')
    .description('run scenarios of the HA stack and compare their logs with log.expect')
    .argument('[directories...]', 'scenarios, or directories with scenarios below them')
    .option('--log', 'print the logs instead')
    .option('--trace <file>', 'write the trace of one scenario instead')
    .action(async (directories: string[], { log, trace }: { log?: boolean; trace?: string }) => {
      const options = {
        isPrinting: log === true,
        traceFile: trace,
        print: (text: string) => console.log(text),
        complain: (sentence: string) => console.error(sentence),
      };
      process.exitCode = await runHaScenarios(directories, options);
    });
}
