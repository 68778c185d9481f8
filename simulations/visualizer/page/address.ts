/** The position of the page in the address bar, so that a link shows the same moment. */
import type { Axis } from './space-time-drawing.ts';

export interface Address {
  readonly at?: number;
  readonly from?: number;
  readonly to?: number;
  readonly axis?: Axis;
  readonly track?: number;
  readonly open?: readonly number[];
  readonly filter?: string;
  readonly isCone?: boolean;
  readonly theme?: string;
}

export function parseAddress(hash: string): Address {
  const given = new URLSearchParams(hash.replace(/^#/, ''));
  const number = (name: string): number | undefined => {
    const value = Number(given.get(name) ?? Number.NaN);
    return Number.isFinite(value) ? value : undefined;
  };
  const [at, from, to, track] = [number('at'), number('from'), number('to'), number('track')];
  const open = given.get('open')?.split('.').map(Number).filter(Number.isInteger);
  const theme = given.get('theme');
  return {
    ...(at === undefined ? {} : { at }),
    ...(from === undefined || to === undefined || from >= to ? {} : { from, to }),
    ...(given.get('axis') === 'event' ? { axis: 'event' as const } : {}),
    ...(track === undefined ? {} : { track }),
    ...(open === undefined ? {} : { open }),
    ...(given.has('filter') ? { filter: given.get('filter')! } : {}),
    ...(given.has('cone') ? { isCone: true } : {}),
    ...(theme === 'dark' || theme === 'light' ? { theme } : {}),
  };
}

export function addressText({ at, from, to, axis, track, open, filter, isCone, theme }: Address): string {
  const parts = new URLSearchParams();
  const rounded = (value: number): string => String(Number(value.toFixed(3)));
  if (at !== undefined) parts.set('at', String(at));
  if (from !== undefined && to !== undefined) {
    parts.set('from', rounded(from));
    parts.set('to', rounded(to));
  }
  if (axis === 'event') parts.set('axis', axis);
  if (track !== undefined) parts.set('track', String(track));
  if (open !== undefined && open.length > 0) parts.set('open', open.join('.'));
  if (filter !== undefined && filter !== '') parts.set('filter', filter);
  if (isCone === true) parts.set('cone', '1');
  if (theme !== undefined) parts.set('theme', theme);
  return `#${parts}`;
}
