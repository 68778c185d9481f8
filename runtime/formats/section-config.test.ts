import fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { readSections, type SectionConfig, type SectionHandling, writeSections } from './section-config.ts';
import { definedSections } from './section-config-types.ts';

const shelves = definedSections({
  base: {
    type: { description: 'Kind of shelf.' },
    shelf: { type: 'string' },
    comment: { type: 'string', maxLength: 20, optional: 1 },
    disable: { type: 'boolean', optional: 1 },
  },
  types: {
    wall: {
      properties: {
        width: { type: 'integer', minimum: 10, maximum: 300 },
        colour: { type: 'string', enum: ['red', 'blue'] },
        open: { type: 'boolean' },
        code: { type: 'string', pattern: '[a-z]{2,4}', minLength: 2 },
        hook: {
          type: 'array',
          items: { type: 'string', format: { size: { type: 'integer' }, note: { optional: 1 } } },
        },
      },
      options: {
        width: {},
        colour: { optional: 1 },
        open: { optional: 1 },
        code: { optional: 1 },
        hook: { optional: 1 },
        comment: { optional: 1 },
        disable: { optional: 1 },
      },
    },
    floor: { properties: { height: { type: 'number' } }, options: { height: { optional: 1 } } },
  },
});

function read(text: string, handling: SectionHandling = {}): SectionConfig {
  return readSections(shelves, 'shelves.cfg', text, handling);
}

function values(config: SectionConfig, id: string): unknown {
  const section = config.ids.get(id);
  return section && { type: section.type, ...Object.fromEntries(section.values) };
}

/** The only warning of a text, without `file shelves.cfg `. */
function warning(text: string): string | undefined {
  const { warnings } = read(text);
  assert.ok(warnings.length <= 1, warnings.join('\n'));
  return warnings[0]?.replace('file shelves.cfg ', '');
}

test('sections, comments, blanks, and the type in any case', () => {
  const config = read('# head\nWALL: a1\n\twidth 20\n   # inside\n  open\n\tcolour   red  \n\n\nfloor: b\n');
  assert.equal(config.warnings, []);
  assert.equal(values(config, 'a1'), { type: 'wall', width: 20, open: 1, colour: 'red' });
  assert.equal(
    [...config.order],
    [
      ['a1', 1],
      ['b', 2],
    ],
  );
  assert.is(read('').digest, 'da39a3ee5e6b4b0d3255bfef95601890afd80709');
});

test('a header without blank line before it is a line of the running section', () => {
  const { warnings, ids } = read('wall: a1\n\twidth 20\nwall: b1\n\twidth 30\n');
  assert.equal(warnings, [
    "file shelves.cfg line 3 (section 'a1') - ignore config line: wall: b1",
    "file shelves.cfg line 4 (section 'a1') - unable to parse value of 'width': duplicate attribute",
  ]);
  assert.equal([...ids.keys()], ['a1']);
});

test('what ends a section: an empty line and the line 0, but not a line of blanks', () => {
  assert.equal(read('wall: a1\n\twidth 20\n0\nwall: b1\n\twidth 30\n').warnings, []);
  assert.is(warning('wall: a1\n\twidth 20\n  \n\topen\n'), "line 3 (section 'a1') - ignore config line:   ");
  assert.is(warning('wall: a1\r\n\twidth 20\r\n'), undefined);
});

test('the text of each problem with a property', () => {
  const of = (line: string) => warning(`wall: a1\n\twidth 20\n\t${line}\n`)?.replace(/^.*?'\w+': /, '');
  assert.is(of('depth 3'), 'unknown property type');
  assert.is(of('width 30'), 'duplicate attribute');
  assert.is(of('height 3'), "unexpected property 'height'");
  assert.is(of('colour'), 'got undefined value');
  assert.is(of('colour green'), "value 'green' does not have a value in the enumeration 'red, blue'");
  assert.is(of('open yes'), "type check ('boolean') failed - got 'yes'");
  assert.is(of('code abcde'), 'value does not match the regex pattern');
  assert.is(of('comment 123456789012345678901'), 'value may only be 20 characters long');
  assert.is(of('comment a\rb'), 'property contains a line feed');
  assert.is(of('hook size=a'), "invalid format - format error\nsize: type check ('integer') failed - got 'a'");
  assert.is(of('hook depth=1'), 'invalid format - invalid key in comma-separated list property: depth');
});

test('a value that fails is as if absent: a bad required one gives two warnings and no section', () => {
  const { warnings, ids, order } = read('wall: a1\n\twidth 5\n\nfloor: b\n');
  assert.equal(warnings, [
    "file shelves.cfg line 2 (section 'a1') - unable to parse value of 'width': value must have a minimum value of 10",
    "file shelves.cfg line 2 (skip section 'a1'): missing value for required option 'width'",
  ]);
  assert.is(ids.get('a1'), null);
  assert.equal(
    [...order],
    [
      ['a1', 1],
      ['b', 2],
    ],
  );
});

test('skipped sections: unknown type, header refused; their lines are not looked at', () => {
  assert.is(warning('desk: a\n\tnonsense\nmore\n'), "line 1 (skip section 'a'): unsupported type 'desk'");
  const handling: SectionHandling = {
    header: (_type, id) => (id === 'bad' ? { id, error: 'no such name' } : id === 'none' ? undefined : { id }),
  };
  assert.equal(read('floor: bad\n\tx y\n\nfloor: none\n', handling).warnings, [
    "file shelves.cfg line 1 (skip section 'bad'): no such name",
    'file shelves.cfg line 4 - ignore config line: floor: none',
  ]);
});

test('the final check names the last line of the section, not comments or the line that ends it', () => {
  assert.is(
    warning('wall: a1\n\topen\n# end\n\n\n'),
    "line 2 (skip section 'a1'): missing value for required option 'width'",
  );
});

test('a repeated id replaces the earlier section and takes the later place', () => {
  const config = read('floor: a\n\theight 1\n\nfloor: b\n\nfloor: a\n\theight 2.5\n');
  assert.equal(values(config, 'a'), { type: 'floor', height: 2.5 });
  assert.equal(
    [...config.order],
    [
      ['b', 2],
      ['a', 3],
    ],
  );
});

test('0xA0 is no blank: it is part of UTF-8 characters', () => {
  const comment = Buffer.from('wall: a1\n\twidth 20\n\tcomment à\n', 'utf8').toString('latin1');
  assert.equal(values(read(comment), 'a1'), { type: 'wall', width: 20, comment: 'Ã\xa0' });
});

test('keys that are words of the language are only unknown', () => {
  assert.is(
    warning('floor: a\n\tconstructor 1\n'),
    "line 2 (section 'a') - unable to parse value of 'constructor': unknown property type",
  );
});

test('writing: comment, disable, required, optional; arrays one line per element; nothing that is no option', () => {
  const sections = read(
    'floor: z\n\nwall: a1\n\topen 0\n\thook size=1\n\thook size=2\n\twidth 20\n\tdisable\n\tcomment hi\n',
  );
  assert.equal(writeSections(shelves, sections), {
    text: 'floor: z\n\nwall: a1\n\tcomment hi\n\tdisable\n\twidth 20\n\thook size=1\n\thook size=2\n\topen 0\n\n',
  });
  const ids = new Map([
    [
      'n',
      {
        type: 'floor',
        values: new Map<string, unknown>([
          ['shelf', 'x'],
          ['height', ''],
        ]),
      },
    ],
  ]);
  assert.equal(writeSections(shelves, { ids, order: new Map() }), { text: 'floor: n\n\n' });
});

test('writing refuses what could not be read again', () => {
  const write = (type: string, entries: [string, unknown][]) =>
    writeSections(shelves, { ids: new Map([['s', { type, values: new Map(entries) }]]), order: new Map() });
  assert.equal(write('wall', []), { error: "section 's' - missing value for required option 'width'" });
  assert.equal(
    write('wall', [
      ['width', 20],
      ['code', 'a\nb'],
    ]),
    { error: "property 'code' contains a line feed" },
  );
  assert.equal(write('desk', []), { error: "unknown section type 'desk'" });
});

test('I2 what is written is read again, in the same order', () => {
  const word = fc.stringMatching(/^[a-z][a-z0-9]{0,6}$/);
  const wall = fc.record(
    {
      width: fc.integer({ min: 10, max: 300 }),
      colour: fc.constantFrom('red', 'blue'),
      open: fc.constantFrom(0, 1),
      disable: fc.constant(1),
      comment: fc.stringMatching(/^[!-~]([ -~]{0,8}[!-~])?$/),
      hook: fc.array(
        fc.integer().map((size) => `size=${size}`),
        { minLength: 1, maxLength: 3 },
      ),
    },
    { requiredKeys: ['width'] },
  );
  fc.assert(
    fc.property(fc.uniqueArray(fc.tuple(word, wall), { selector: ([id]) => id, maxLength: 5 }), (sections) => {
      const ids = new Map(
        sections.map(([id, one]) => [id, { type: 'wall', values: new Map<string, unknown>(Object.entries(one)) }]),
      );
      const order = new Map(sections.map(([id], i) => [id, i + 1]));
      const written = writeSections(shelves, { ids, order });
      assert.ok('text' in written);
      const again = read(written.text);
      assert.equal(again.warnings, []);
      assert.equal([...again.order], [...order]);
      for (const [id, one] of sections) assert.equal(values(again, id), { type: 'wall', ...one });
    }),
  );
});

test('I1 no text makes reading fail, and what is no comment, section or property is named in a warning', () => {
  const line = fc.constantFrom(
    'wall: a1',
    '\twidth 20',
    'width 20',
    '',
    ' ',
    '0',
    '#x',
    '\t#x',
    ': x',
    'wall:',
    '\t',
    'floor: a',
  );
  fc.assert(
    fc.property(fc.array(line), (lines) => {
      const { warnings } = read(lines.join('\n'));
      assert.ok(warnings.every((one) => /^file shelves\.cfg line [1-9]\d* /.test(one)));
      if (lines.includes('width 20') && !lines.some((one) => /^(wall|floor): /.test(one))) {
        assert.ok(warnings.some((one) => one.endsWith('ignore config line: width 20')));
      }
    }),
  );
});

test.run();
