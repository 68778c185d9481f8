/** Trials as text. */
import type { Trial } from './trial.ts';

const NAME_COLUMNS = 44;

/** A line of the table: mutant, caught by, seed, seconds; more lines where something is wrong. */
export function formatTrial({ mutant, verdict, seed, rules, wall_ms, notes }: Trial): string {
  const outcome = verdict === 'caught' ? `${rules[0]}` : verdict.toUpperCase();
  const place = seed === undefined ? '' : `seed ${seed}`;
  const line = `${mutant.name.padEnd(NAME_COLUMNS)} ${outcome.padEnd(36)} ${place.padEnd(9)} ${seconds(wall_ms)}`;
  if (verdict === 'caught') return line;
  const wanted = `${mutant.breaks} Expected of: ${mutant.checkers.join(' or ')}`;
  return [line, `  ${wanted}`, ...notes.map((note) => `  ${note}`)].join('\n');
}

/** What each seed said. */
export function formatSearch({ mutant, verdict, outcomes, notes }: Trial): string {
  const lines = outcomes
    .filter(({ rules }) => rules.length > 0)
    .map(
      ({ seed, rules, wall_ms, messages }) =>
        `  seed ${seed}, ${seconds(wall_ms)}: ${rules.join('; ')}\n    ${messages[0]}`,
    );
  return [
    `${mutant.name}: ${verdict}, ${lines.length} of ${outcomes.length} seeds`,
    ...lines,
    ...(verdict === 'broken' ? notes : []),
  ].join('\n');
}

export function formatVerdict(trials: readonly Trial[]): string {
  const caught = trials.filter(({ verdict }) => verdict === 'caught').length;
  const others = trials.filter(({ verdict }) => verdict !== 'caught').map(({ mutant }) => mutant.name);
  const total = `${caught} of ${trials.length} mutants caught`;
  return others.length === 0 ? total : `${total}; not so: ${others.join(', ')}`;
}

function seconds(wall_ms: number): string {
  return `${(wall_ms / 1000).toFixed(1)} s`;
}
