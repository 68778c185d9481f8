/**
 * The twelve requests of the pmxcfs IPC service: their ids and layouts (spec/pmxcfs.md §6.9), one decoder and encoder.
 * Id 9 is unassigned. Worked examples: `ipc-requests.json` of the conformance data.
 */
import type { Buffer } from 'node:buffer';
import { encodeRequestFrame, REQUEST_HEADER_BYTES, readFramePrefix } from '../../../runtime/formats/ipc-frame.ts';
import {
  decodeBody,
  encodeBody,
  key256,
  type Layout,
  logStrings,
  propertyNames,
  remainingBytes,
  remainingLine,
  remainingText,
  reservedU32,
  u8,
  u32,
} from './fields.ts';

type Empty = Record<never, never>;

interface RequestBodies {
  'get-fs-version': Empty;
  'get-cluster-info': Empty;
  'get-guest-list': Empty;
  'set-status': { readonly key: string; readonly value: Buffer };
  /** An empty node is the local one. */
  'get-status': { readonly key: string; readonly node: string };
  'get-config': { readonly path: string };
  'log-cluster-message': {
    readonly priority: number;
    readonly strings: { readonly ident: string; readonly tag: string; readonly message: Buffer };
  };
  /** `max` 0 is 50; an empty user is all. */
  'get-cluster-log': { readonly max: number; readonly reserved: null; readonly user: string };
  'get-rrd-dump': Empty;
  /** VMID 0 is all guests. */
  'get-guest-property': { readonly vmid: number; readonly property: string };
  'verify-token': { readonly token: string };
  'get-guest-properties': { readonly vmid: number; readonly properties: readonly string[] };
}

export type IpcRequestKind = keyof RequestBodies;
export type IpcRequest = { [K in IpcRequestKind]: { readonly kind: K } & RequestBodies[K] }[IpcRequestKind];

interface RequestDescription<K extends IpcRequestKind> {
  readonly id: number;
  readonly layout: Layout<RequestBodies[K]>;
}

const REQUESTS: { readonly [K in IpcRequestKind]: RequestDescription<K> } = {
  'get-fs-version': { id: 1, layout: {} },
  'get-cluster-info': { id: 2, layout: {} },
  'get-guest-list': { id: 3, layout: {} },
  'set-status': { id: 4, layout: { key: key256, value: remainingBytes } },
  'get-status': { id: 5, layout: { key: key256, node: key256 } },
  'get-config': { id: 6, layout: { path: remainingText } },
  'log-cluster-message': { id: 7, layout: { priority: u8, strings: logStrings } },
  'get-cluster-log': { id: 8, layout: { max: u32, reserved: reservedU32(3), user: remainingText } },
  'get-rrd-dump': { id: 10, layout: {} },
  'get-guest-property': { id: 11, layout: { vmid: u32, property: remainingText } },
  'verify-token': { id: 12, layout: { token: remainingLine } },
  'get-guest-properties': { id: 13, layout: { vmid: u32, properties: propertyNames } },
};

const KIND_BY_ID: ReadonlyMap<number, IpcRequestKind> = new Map(
  (Object.keys(REQUESTS) as IpcRequestKind[]).map((kind) => [REQUESTS[kind].id, kind]),
);

/** The kind of a request id, or undefined for one that is not assigned. */
export function requestKind(id: number): IpcRequestKind | undefined {
  return KIND_BY_ID.get(id);
}

export function requestId(kind: IpcRequestKind): number {
  return REQUESTS[kind].id;
}

/** Body of a request of this kind; undefined when it has a wrong size or breaks a field's rule (EINVAL). */
export function decodeRequestBody(kind: IpcRequestKind, body: Buffer): IpcRequest | undefined {
  const values = decodeBody<object>(REQUESTS[kind].layout, body);
  return values && ({ kind, ...values } as IpcRequest);
}

/** A whole request frame; undefined when header or body is malformed or the id is not assigned. */
export function decodeRequest(frame: Buffer): IpcRequest | undefined {
  if (frame.length < REQUEST_HEADER_BYTES) return undefined;
  const { id, size } = readFramePrefix(frame);
  const kind = requestKind(id);
  if (kind === undefined || size !== frame.length) return undefined;
  return decodeRequestBody(kind, frame.subarray(REQUEST_HEADER_BYTES));
}

export function encodeRequestBody(request: IpcRequest): Buffer {
  return encodeBody<object>(REQUESTS[request.kind].layout, request);
}

/** The whole frame of a request. Strings must not hold NUL; ident and tag are shorter than 255 bytes. */
export function encodeRequest(request: IpcRequest): Buffer {
  return encodeRequestFrame(requestId(request.kind), encodeRequestBody(request));
}
