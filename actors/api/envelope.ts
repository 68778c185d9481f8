/** The bodies of answers by format (spec/api.md §2.4, §2.5). */
import { Buffer } from 'node:buffer';
import type { Refusal } from '../../machines/access/refusal.ts';
import { browsablePage, escapeHtml } from './browsable-page.ts';
import type { Answer } from './dispatch.ts';

export interface Rendered {
  readonly status: number;
  /** For the status line; undefined: the standard phrase. */
  readonly reason: string | undefined;
  readonly contentType: string;
  readonly body: Buffer;
}

export interface Rendering {
  /** Path without format, as in the request. */
  readonly path: string;
  readonly identity: string | undefined;
}

type Formatter = (answer: Answer, rendering: Rendering) => Rendered;

const jsonType = 'application/json;charset=UTF-8';
const htmlType = 'text/html;charset=UTF-8';

const formatters: Readonly<Record<string, Formatter>> = {
  json: (answer) => rendered(answer, jsonType, JSON.stringify(plainEnvelope(answer))),
  extjs: (answer) => ({
    ...rendered(answer, jsonType, JSON.stringify(extEnvelope(answer))),
    status: 200,
    reason: 'OK',
  }),
  htmljs: (answer) => {
    const text = JSON.stringify(extEnvelope(answer));
    return { ...rendered(answer, htmlType, escapeHtml(text)), status: 200, reason: 'OK' };
  },
  html: (answer, rendering) =>
    rendered(
      answer,
      htmlType,
      browsablePage({ ...rendering, envelope: plainEnvelope(answer), children: childNames(answer) }),
    ),
  spiceconfig: (answer) => rendered(answer, 'application/x-virt-viewer;charset=UTF-8', virtViewer(answer)),
  png: (answer) => {
    const image = answer.ok ? (answer.data as { image?: unknown } | null)?.image : undefined;
    return { ...rendered(answer, 'image/png', ''), body: Buffer.from(String(image ?? ''), 'latin1') };
  },
};

export function isFormat(format: string): boolean {
  return Object.hasOwn(formatters, format);
}

/** @param format one for which `isFormat` holds */
export function render(format: string, answer: Answer, rendering: Rendering): Rendered {
  return formatters[format]!(answer, rendering);
}

/** The first line of the message; undefined where it can't stand in a status line. */
export function reasonOf({ message }: Refusal): string | undefined {
  const [line = ''] = message.split('\n');
  if (line.includes('\r')) return undefined;
  return line === '' ? undefined : line;
}

function rendered(answer: Answer, contentType: string, text: string): Rendered {
  const body = Buffer.from(text);
  if (answer.ok) return { status: 200, reason: 'OK', contentType, body };
  const { refusal } = answer;
  return { status: refusal.status, reason: reasonOf(refusal), contentType, body };
}

function plainEnvelope(answer: Answer): object {
  if (answer.ok) {
    const { total, changes } = answer.extras;
    return { data: answer.data, ...(total && { total }), ...(changes !== undefined && { changes }) };
  }
  const { refusal } = answer;
  return { data: null, message: lineOf(refusal), ...(refusal.errors && { errors: refusal.errors }) };
}

function extEnvelope(answer: Answer): object {
  if (answer.ok) return { ...plainEnvelope(answer), success: 1 };
  return { ...plainEnvelope(answer), success: 0, status: answer.refusal.status };
}

function lineOf({ message }: Refusal): string {
  return message.endsWith('\n') ? message : `${message}\n`;
}

function childNames(answer: Answer): readonly string[] {
  const key = answer.ok ? answer.facts.returns.childKey : undefined;
  if (typeof key !== 'string' || !answer.ok || !Array.isArray(answer.data)) return [];
  return answer.data.map((one) => String((one as Record<string, unknown>)[key]));
}

function virtViewer(answer: Answer): string {
  if (!answer.ok || answer.data === null || typeof answer.data !== 'object') return '';
  const lines = Object.entries(answer.data).map(([key, value]) => `${key}=${value}`);
  return ['[virt-viewer]', ...lines, ''].join('\n');
}
