/** Values of validated parameters: forms send text, JSON sends numbers; both mean the same. */

export type FlagParameter = 0 | 1 | '0' | '1' | boolean;
export type NumberParameter = number | string;

export function isTrue(value: unknown): boolean {
  return value === 1 || value === '1' || value === true;
}
