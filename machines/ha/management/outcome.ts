/** What an operation of HA management comes to: a refusal for people, or a result and what has to be written. */

export interface Refusal {
  readonly code: string;
  /** Of HTTP. */
  readonly status: number;
  readonly message: string;
  /** By parameter, where the parameters are at fault. */
  readonly errors?: Readonly<Record<string, string>>;
}

/** To be carried out under the cluster lock of the domain `ha` that the state was read under. */
export interface Changes {
  /** Path below `/etc/pve` to its new text, a byte string; in this order. */
  readonly files: ReadonlyMap<string, string>;
  /** Lines for the end of `ha/crm_commands`. */
  readonly commands: readonly string[];
}

export type Outcome<Result> =
  | { readonly ok: true; readonly result: Result; readonly changes: Changes }
  | { readonly ok: false; readonly refusal: Refusal };

const noChanges: Changes = { files: new Map(), commands: [] };

export function answered<Result>(result: Result): Outcome<Result> {
  return { ok: true, result, changes: noChanges };
}

export function written(...files: readonly (readonly [path: string, text: string])[]): Outcome<null> {
  return { ok: true, result: null, changes: { files: new Map(files), commands: [] } };
}

export function queued<Result>(result: Result, command: string): Outcome<Result> {
  return { ok: true, result, changes: { files: new Map(), commands: [command] } };
}

export interface Refused {
  readonly ok: false;
  readonly refusal: Refusal;
}

/** What the original reports by its sentence alone: status 500. */
export function refused(code: string, message: string): Refused {
  return { ok: false, refusal: { code, status: 500, message } };
}

/** Parameters that don't fit (spec/api.md §3.3). */
export function badParameters(errors: Readonly<Record<string, string>>): Refused {
  return {
    ok: false,
    refusal: { code: 'bad-parameters', status: 400, message: 'Parameter verification failed.', errors },
  };
}
