/** Whether and how a body is compressed (spec/api.md §2.2). */
import { promisify } from 'node:util';
import { deflate, gzip } from 'node:zlib';

const LEAST_BYTES = 1025;
const compress = { gzip: promisify(gzip), deflate: promisify(deflate) };

/** The coding to use; gzip is preferred. */
export function codingFor(acceptEncoding: string | undefined, bytes: number): 'gzip' | 'deflate' | undefined {
  if (acceptEncoding === undefined || bytes < LEAST_BYTES) return undefined;
  const names = acceptEncoding.split(',').filter((one) => !/;\s*q=0(?:\.0*)?\s*$/.test(one));
  return (['gzip', 'deflate'] as const).find((coding) => names.some((name) => name.split(';')[0]!.trim() === coding));
}

export function compressed(body: Buffer, coding: 'gzip' | 'deflate'): Promise<Buffer> {
  return compress[coding](body);
}
