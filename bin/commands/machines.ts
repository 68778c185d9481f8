import { Command, Option } from 'commander';
import { listText, mermaidText, scxmlText } from '../../simulations/visualizer/charts/chart-texts.ts';
import { DESCRIPTIONS, drawMachine, redrawAll } from '../../simulations/visualizer/charts/drawings.ts';
import type { MachineDescription } from '../../simulations/visualizer/charts/machine-description.ts';
import { CommandFailure, projectRoot, runCommand } from './project.ts';

const FORMATS = ['list', 'mermaid', 'svg', 'json', 'scxml'] as const;
type Format = (typeof FORMATS)[number];

interface Flags {
  readonly format: Format;
  readonly redraw?: boolean;
}

/** `pve-actors machines`: every state machine of the code, as text or drawn from its definition. */
export function machinesCommand(): Command {
  return new Command('machines')
    .description('list the state machines with their states and transitions, or draw them')
    .argument('[name]', 'one machine instead of all')
    .addOption(new Option('--format <format>', 'what to print').choices(FORMATS).default('list'))
    .option('--redraw', 'for developers: write the drawings in machines/drawings anew')
    .option('--debug', 'show stack traces')
    .action((name: string | undefined, { format, redraw = false }: Flags) =>
      runCommand(async () => {
        if (redraw) console.log((await redrawAll(projectRoot)).join('\n'));
        else console.log(await formatted(chosen(name), format));
      }),
    );
}

function chosen(name: string | undefined): readonly MachineDescription[] {
  if (name === undefined) return DESCRIPTIONS;
  const found = DESCRIPTIONS.find((machine) => machine.name === name);
  if (found !== undefined) return [found];
  throw new CommandFailure(
    `there is no machine '${name}'; there are: ${DESCRIPTIONS.map((one) => one.name).join(', ')}`,
  );
}

async function formatted(machines: readonly MachineDescription[], format: Format): Promise<string> {
  if (format === 'json') return JSON.stringify(machines.length === 1 ? machines[0] : machines, null, 2);
  if (format === 'list') return machines.map(listText).join('\n\n');
  if (format === 'mermaid') return machines.map(mermaidText).join('\n\n');
  const [machine] = machines;
  if (machine === undefined || machines.length > 1) {
    throw new CommandFailure(`--format ${format} is for one machine: name it`);
  }
  return (format === 'scxml' ? scxmlText(machine) : await drawMachine(machine)).trimEnd();
}
