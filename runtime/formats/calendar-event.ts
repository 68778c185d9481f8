/**
 * Calendar events, `mon..fri 8..17:0/15` (spec/scheduler.md §3.1), read; calendar-next.ts says what comes next.
 */

/** The values that match, in order; undefined: all. */
export type CalendarField = readonly number[] | undefined;

export interface CalendarEvent {
  readonly isUtc: boolean;
  /** From 0 for Monday. */
  readonly weekdays: CalendarField;
  readonly years: CalendarField;
  readonly months: CalendarField;
  readonly days: CalendarField;
  readonly hours: CalendarField;
  readonly minutes: CalendarField;
  readonly seconds: CalendarField;
}

type Parsed<T> = { readonly value: T } | { readonly error: string };

const keywords: ReadonlyMap<string, string> = new Map([
  ['minutely', '*:*:00'],
  ['hourly', '*:00:00'],
  ['daily', '00:00:00'],
  ['weekly', 'mon 00:00:00'],
  ['monthly', '*-*-1 00:00:00'],
  ['quarterly', '*-1,4,7,10-1 00:00:00'],
  ['semiannually', '*-1,7-1 00:00:00'],
  ['semi-annually', '*-1,7-1 00:00:00'],
  ['yearly', '*-1-1 00:00:00'],
  ['annually', '*-1-1 00:00:00'],
]);

const dayNames = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'];
const longDayNames = ['monday', 'tuesday', 'wednesday', 'thursday', 'friday', 'saturday', 'sunday'];

const item = '[0-9]+(?:\\.\\.[0-9]+)?(?:/[0-9]+)?';
const field = `(\\*(?:/[0-9]+)?|${item}(?:,${item})*)`;
const dayRange = '[a-z]+(?:\\.\\.[a-z]+)?';
const weekdaysStart = new RegExp(`^${dayRange}(?:,${dayRange})*`, 'i');
const dateStart = new RegExp(`^(?:${field}-)?${field}-${field}`);
const timeWhole = new RegExp(`^(?:${field}:)??${field}(?::${field})?$`);

/** An error begins with `unable to parse calendar event`. */
export function parseCalendarEvent(text: string): Parsed<CalendarEvent> {
  const trimmed = text.trim();
  if (trimmed === '') return failed('event is empty');
  const isUtc = trimmed.endsWith('UTC');
  const event = isUtc ? trimmed.slice(0, -3).trimEnd() : trimmed;
  if (event === '') return failed('neither weekdays nor date nor time');
  try {
    return { value: { isUtc, ...fieldsOf(keywords.get(event) ?? event) } };
  } catch (error) {
    if (error instanceof CalendarError) return failed(error.message);
    throw error;
  }
}

/** Leaves a parser deep inside; never leaves this file. */
class CalendarError extends Error {}

function failed(reason: string): { readonly error: string } {
  return { error: `unable to parse calendar event - ${reason}` };
}

function fieldsOf(event: string): Omit<CalendarEvent, 'isUtc'> {
  const [weekdaysText = ''] = weekdaysStart.exec(event) ?? [];
  const afterWeekdays = event.slice(weekdaysText.length).trimStart();
  const [dateText = '', year, month, day] = dateStart.exec(afterWeekdays) ?? [];
  const timeText = afterWeekdays.slice(dateText.length).trimStart();
  const weekdays = weekdaysText === '' ? undefined : weekdaysOf(weekdaysText);
  const date = {
    years: year === undefined ? undefined : valuesOf(year, 'year', 0, 2200),
    months: month === undefined ? undefined : valuesOf(month, 'month', 1, 13),
    days: day === undefined ? undefined : valuesOf(day, 'day', 1, 32),
  };
  return { weekdays, ...date, ...timeOf(timeText) };
}

/** Without a time it is midnight; one number is a minute of any hour. */
function timeOf(text: string): Pick<CalendarEvent, 'hours' | 'minutes' | 'seconds'> {
  if (text === '') return { hours: [0], minutes: [0], seconds: [0] };
  const match = timeWhole.exec(text);
  if (match === null) throw new CalendarError(`unexpected text '${text}'`);
  const parts = match.slice(1).filter((part) => part !== undefined);
  const [hour, minute, second] = parts.length === 1 ? [undefined, parts[0]!, undefined] : parts;
  return {
    hours: hour === undefined ? undefined : valuesOf(hour, 'hour', 0, 24),
    minutes: valuesOf(minute!, 'minute', 0, 60),
    seconds: second === undefined ? [0] : valuesOf(second, 'second', 0, 60),
  };
}

function weekdaysOf(text: string): readonly number[] {
  const days = new Set<number>();
  for (const range of text.split(',')) {
    const [first, last] = range.split('..').map(weekdayOf);
    for (let day = first!; ; day = (day + 1) % 7) {
      days.add(day);
      if (day === (last ?? first)) break;
    }
  }
  return [...days].sort((a, b) => a - b);
}

function weekdayOf(name: string): number {
  const lower = name.toLowerCase();
  const day = Math.max(dayNames.indexOf(lower), longDayNames.indexOf(lower));
  if (day < 0) throw new CalendarError(`unknown weekday '${name}'`);
  return day;
}

/** @param end the first value that is too large, also for a repetition */
function valuesOf(text: string, what: string, minimum: number, end: number): CalendarField {
  if (text === '*') return undefined;
  const values = new Set<number>();
  for (const one of text.split(',')) {
    const [range = '', repetition] = one.split('/');
    const [first, last] = range === '*' ? [minimum] : range.split('..').map((digits) => bounded(digits, what, end));
    const step = repetition === undefined ? 0 : bounded(repetition, what, end);
    if (last !== undefined && last < first!) throw new CalendarError(`the range '${range}' of the ${what} is empty`);
    if (range === '*' && step === 0) throw new CalendarError(`unexpected text '/${repetition}'`);
    const lastValue = last ?? (step > 0 ? end - 1 : first!);
    const stride = step > 0 ? step : last === undefined ? end : 1;
    for (let value = first!; value <= lastValue; value += stride) values.add(value);
  }
  return [...values].sort((a, b) => a - b);
}

function bounded(digits: string, what: string, end: number): number {
  const value = Number(digits);
  if (value >= end) throw new CalendarError(`${what} ${digits} is too large`);
  return value;
}

/** As a format: what is wrong with the text (spec/formats.md §3). */
export function calendarEventComplaint(text: string): string | undefined {
  const parsed = parseCalendarEvent(text);
  return 'error' in parsed ? `invalid calendar event '${text}' - ${parsed.error}` : undefined;
}
