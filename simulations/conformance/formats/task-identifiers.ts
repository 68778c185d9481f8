/** The corpus `upid`: task identifiers and the end status in a log (its README). */
import { decodeUpid, encodeUpid, taskLogFolder, taskLogName, taskStatus } from '../../../runtime/formats/upid.ts';
import { differenceOf } from '../corpus.ts';
import { looseDifference, vectorCorpus } from '../vectors.ts';

interface Vector {
  readonly id: string;
  readonly kind: string;
  readonly in?: string;
  readonly must_fail?: boolean;
  readonly out?: unknown;
  readonly reencode?: string;
  readonly upid?: string;
  readonly log_path?: string;
  readonly log?: string;
  readonly expected_status?: string;
}

export const taskIdentifiers = vectorCorpus<Vector, { readonly cases: readonly Vector[] }>('upid', (vector) => {
  if (vector.kind === 'decode') return decodeDifference(vector);
  if (vector.kind !== 'read-status') return `unknown kind ${vector.kind}`;
  return (
    differenceOf(`${taskLogFolder}/${taskLogName(vector.upid ?? '')}`, vector.log_path) ??
    differenceOf(taskStatus(vector.log), vector.expected_status)
  );
});

function decodeDifference({ in: text = '', must_fail = false, out, reencode }: Vector): string | undefined {
  const decoded = decodeUpid(text);
  if ('error' in decoded) return must_fail ? undefined : decoded.error;
  if (must_fail) return `expected a refusal, got ${JSON.stringify(decoded.upid)}`;
  return looseDifference(decoded.upid, out) ?? differenceOf(encodeUpid(decoded.upid), reencode);
}
