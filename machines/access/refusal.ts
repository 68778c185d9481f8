/** Why a call of the API is refused: a value with the HTTP status and the texts that clients see (spec/api.md §6). */

export interface Refusal {
  readonly status: number;
  readonly message: string;
  /** By parameter. */
  readonly errors?: Readonly<Record<string, string>>;
}

/** What a domain function returns: a value, or why there is none. */
export type Result<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly refusal: Refusal };

export function done<T>(value: T): Result<T> {
  return { ok: true, value };
}

/** A business error. */
export function failed(message: string, status = 500): Result<never> {
  return { ok: false, refusal: { status, message } };
}

export function badParameters(errors: Readonly<Record<string, string>>): Result<never> {
  return { ok: false, refusal: { status: 400, message: 'Parameter verification failed.', errors } };
}

/** @param detail what was asked for, in parentheses after the sentence */
export function forbidden(detail?: string): Refusal {
  const sentence = 'Permission check failed';
  return { status: 403, message: detail === undefined ? sentence : `${sentence} (${detail})` };
}
