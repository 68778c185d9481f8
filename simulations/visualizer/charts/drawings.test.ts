// test-timeout: 120
/** Drawings of machines: every machine has one, and it is what the code gives. */
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { setup } from 'xstate';
import { listText, mermaidText, scxmlText } from './chart-texts.ts';
import { DESCRIPTIONS, DRAWINGS_FOLDER, drawingPath, drawMachine } from './drawings.ts';
import { CATALOGUE } from './machine-catalogue.ts';
import { describeMachine, type MachineDescription } from './machine-description.ts';

const root = join(dirname(fileURLToPath(import.meta.url)), '..', '..', '..');

function sourcesBelow(folder: string): readonly string[] {
  return readdirSync(join(root, folder), { withFileTypes: true }).flatMap((entry) => {
    const path = `${folder}/${entry.name}`;
    if (entry.isDirectory()) return sourcesBelow(path);
    return path.endsWith('.ts') && !path.endsWith('.test.ts') ? [path] : [];
  });
}

test('the catalogue has every machine of the code', () => {
  const defining = sourcesBelow('machines').filter((path) =>
    /\bcreateMachine\(/.test(readFileSync(join(root, path), 'utf8')),
  );
  assert.equal(CATALOGUE.map(({ source }) => source).toSorted(), defining.toSorted());
  assert.is(new Set(DESCRIPTIONS.map(({ name }) => name)).size, DESCRIPTIONS.length);
});

test('every drawing is what the code gives: if not, pve-actors machines --redraw', async () => {
  for (const machine of DESCRIPTIONS) {
    assert.is(readFileSync(join(root, drawingPath(machine.name)), 'utf8'), await drawMachine(machine), machine.name);
  }
  const names = DESCRIPTIONS.map(({ name }) => `${name}.svg`);
  assert.equal(readdirSync(join(root, DRAWINGS_FOLDER)).toSorted(), names.toSorted());
});

test('a drawing has every state and every transition', async () => {
  for (const machine of DESCRIPTIONS) {
    const drawing = await drawMachine(machine);
    for (const { name } of machine.states.filter((state) => state.parent !== undefined)) {
      assert.ok(drawing.includes(`data-state="${name}"`), `${machine.name}: ${name}`);
    }
    for (const [at, { targets }] of machine.transitions.entries()) {
      if (targets.length > 0) assert.ok(drawing.includes(`data-member="${at}"`), `${machine.name}: ${at}`);
    }
  }
});

/** A machine with all that a definition can have. */
function rich(): MachineDescription {
  const definition = setup({
    types: { events: {} as { readonly type: 'GO' | 'STAY' } },
    guards: { may: () => true },
    actions: { tell: () => {} },
    delays: { soon: 5 },
  }).createMachine({
    id: 'rich',
    initial: 'outer',
    states: {
      outer: {
        initial: 'one',
        entry: 'tell',
        on: { STAY: { actions: 'tell' } },
        states: { one: { after: { soon: 'two' } }, two: { always: { guard: 'may', target: '#rich.done' } } },
      },
      done: { type: 'final' },
    },
    on: { GO: [{ guard: 'may', target: '.done' }, { target: '.outer' }] },
  });
  return describeMachine({ source: 'rich.ts', definition });
}

test('hierarchy, delays, transitions without an event and final states are described', () => {
  const { states, transitions } = rich();
  assert.equal(
    states.map(({ name, parent, type, isInitial }) => [name, parent, type, isInitial]),
    [
      ['root', undefined, 'compound', false],
      ['outer', 'root', 'compound', true],
      ['outer.one', 'outer', 'atomic', true],
      ['outer.two', 'outer', 'atomic', false],
      ['done', 'root', 'final', false],
    ],
  );
  assert.equal(
    transitions.map(({ source, event, guard, targets }) => [source, event, guard, targets]),
    [
      ['root', 'GO', 'may', ['done']],
      ['root', 'GO', undefined, ['outer']],
      ['outer', 'STAY', undefined, []],
      ['outer.one', 'after soon', undefined, ['outer.two']],
      ['outer.two', 'always', 'may', ['done']],
    ],
  );
});

test('texts have the same', async () => {
  const machine = rich();
  assert.is(
    listText(machine),
    `rich  (rich.ts)
  in any state
    GO [may] → done
    GO → outer
  outer  (initial)
    STAY / tell
  outer.one  (initial)
    after soon → outer.two
  outer.two
    always [may] → done
  done  (final)`,
  );
  const mermaid = mermaidText(machine);
  for (const line of ['state "outer" as outer {', '[*] --> outer_one', 'outer_one --> outer_two : after soon']) {
    assert.ok(mermaid.includes(line), line);
  }
  const scxml = scxmlText(machine);
  for (const line of [
    '<state id="outer" initial="outer.one">',
    '<final id="done">',
    'event="GO" cond="may" target="done"',
  ]) {
    assert.ok(scxml.includes(line), line);
  }
  assert.ok((await drawMachine(machine)).includes('class="state compound" data-state="outer"'));
});

test.run();
