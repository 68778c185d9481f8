import { badParameters, type Refusal, type Result } from '../../machines/access/refusal.ts';

/** Ends a method with an HTTP status and the texts that clients see (spec/api.md §6). Dispatch turns it into the answer. */
export class ApiFailure extends Error {
  readonly status: number;
  readonly errors: Readonly<Record<string, string>> | undefined;

  constructor(message: string, status = 500, errors?: Readonly<Record<string, string>>) {
    super(message);
    this.status = status;
    this.errors = errors;
  }
}

export function failureOf({ message, status, errors }: Refusal): ApiFailure {
  return new ApiFailure(message, status, errors);
}

/** The value, or the refusal as a failure. */
export function granted<T>(result: Result<T>): T {
  if (result.ok) return result.value;
  throw failureOf(result.refusal);
}

/** 400 with a text per parameter. */
export function parameterFailure(errors: Readonly<Record<string, string>>): ApiFailure {
  const { refusal } = badParameters(errors) as { readonly refusal: Refusal };
  return failureOf({ ...refusal, message: `${refusal.message}\n` });
}
