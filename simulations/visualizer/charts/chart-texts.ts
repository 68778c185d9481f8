/** A machine's description as text: a list for people, Mermaid, SCXML. */
import { escaped } from './chart-svg.ts';
import { type MachineDescription, type StateDescription, transitionLabel } from './machine-description.ts';

/** A line per state, and below it what may happen there. */
export function listText({ name, source, states, transitions }: MachineDescription): string {
  const lines = states.flatMap((state) => {
    const own = transitions.filter((transition) => transition.source === state.name);
    if (state.name === 'root' && own.length === 0) return [];
    const title = state.name === 'root' ? 'in any state' : `${state.name}${remark(state)}`;
    return [
      `  ${title}`,
      ...own.map((one) => {
        const target = one.targets.length === 0 ? '' : ` → ${one.targets.join(', ')}`;
        return `    ${transitionLabel(one)}${target}${one.actions.length === 0 ? '' : ` / ${one.actions.join(', ')}`}`;
      }),
    ];
  });
  return [`${name}  (${source})`, ...lines].join('\n');
}

function remark({ isInitial, type }: StateDescription): string {
  if (isInitial) return '  (initial)';
  return type === 'final' ? '  (final)' : '';
}

/** A stateDiagram of Mermaid 10 or later. */
export function mermaidText({ name, states, transitions }: MachineDescription): string {
  const idOf = (state: string): string => (state === 'root' ? 'any_state' : state.replaceAll(/\W/g, '_'));
  const lines = ['stateDiagram-v2'];
  const add = (parent: string, indent: string): void => {
    for (const state of states.filter((one) => one.parent === parent)) {
      const title = state.name.slice(state.name.lastIndexOf('.') + 1);
      const isCompound = states.some((one) => one.parent === state.name);
      lines.push(`${indent}state "${title}" as ${idOf(state.name)}${isCompound ? ' {' : ''}`);
      if (isCompound) {
        add(state.name, `${indent}  `);
        lines.push(`${indent}}`);
      }
      if (state.isInitial) lines.push(`${indent}[*] --> ${idOf(state.name)}`);
      if (state.type === 'final') lines.push(`${indent}${idOf(state.name)} --> [*]`);
    }
  };
  if (transitions.some(({ source }) => source === 'root')) lines.push('  state "any state" as any_state');
  add('root', '  ');
  for (const transition of transitions) {
    const targets = transition.targets.length === 0 ? [transition.source] : transition.targets;
    for (const target of targets)
      lines.push(`  ${idOf(transition.source)} --> ${idOf(target)} : ${transitionLabel(transition)}`);
  }
  return `---\ntitle: ${name}\n---\n${lines.join('\n')}`;
}

/** SCXML 1.0; guards and actions by their names. */
export function scxmlText({ name, states, transitions }: MachineDescription): string {
  const lines: string[] = [];
  const addTransitions = (source: string, indent: string): void => {
    for (const transition of transitions.filter((one) => one.source === source)) {
      const attributes = [
        transition.event === 'always' ? '' : ` event="${escaped(transition.event)}"`,
        transition.guard === undefined ? '' : ` cond="${escaped(transition.guard)}"`,
        transition.targets.length === 0 ? '' : ` target="${escaped(transition.targets.join(' '))}"`,
      ].join('');
      const actions = transition.actions.map((action) => `<raise event="action.${escaped(action)}"/>`).join('');
      lines.push(`${indent}<transition${attributes}${actions === '' ? '/>' : `>${actions}</transition>`}`);
    }
  };
  const add = (parent: string, indent: string): void => {
    for (const { name: id, type } of states.filter((state) => state.parent === parent)) {
      const initial = states.find((state) => state.parent === id && state.isInitial);
      const element = type === 'final' || type === 'parallel' ? type : 'state';
      lines.push(
        `${indent}<${element} id="${escaped(id)}"${initial === undefined ? '' : ` initial="${escaped(initial.name)}"`}>`,
      );
      addTransitions(id, `${indent}  `);
      add(id, `${indent}  `);
      lines.push(`${indent}</${element}>`);
    }
  };
  // Transitions of the machine as a whole are those of a state around all others.
  const initial = states.find(({ parent, isInitial }) => parent === 'root' && isInitial);
  lines.push(`  <state id="root"${initial === undefined ? '' : ` initial="${escaped(initial.name)}"`}>`);
  addTransitions('root', '    ');
  add('root', '    ');
  lines.push('  </state>');
  const head = `<scxml xmlns="http://www.w3.org/2005/07/scxml" version="1.0" name="${escaped(name)}" initial="root">`;
  return ['<?xml version="1.0" encoding="UTF-8"?>', head, ...lines, '</scxml>'].join('\n');
}
