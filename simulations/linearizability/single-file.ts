/**
 * One path as an object: absent, a file with its bytes, or an empty directory (spec/pmxcfs.md §1.6). Its parent is taken
 * to exist all the time. A rename is two operations, one on each path: the source goes, the target comes with the
 * content that its client knows it to have.
 */
import { EEXIST, EFBIG, ENOENT, ENOTDIR } from '../../runtime/file-system/errno.ts';
import { describeContent } from './drawing.ts';
import type { Answer } from './history.ts';
import type { Model } from './model.ts';

const MAX_FILE_BYTES = 1_048_576;

export type FileState =
  | { readonly kind: 'absent' }
  | { readonly kind: 'directory' }
  | { readonly kind: 'file'; readonly content: string };

/** Contents are byte strings. `stat` tells the kind; `remove` is unlink and rmdir; `touch` sets times. */
export type FileInput = { readonly path: string } & (
  | { readonly kind: 'create' | 'read' | 'stat' | 'remove' | 'mkdir' | 'touch' | 'moved-out' }
  | { readonly kind: 'write'; readonly offset: number; readonly data: string }
  | { readonly kind: 'truncate'; readonly size: number }
  | { readonly kind: 'moved-in'; readonly content: string }
);

export const ABSENT: FileState = { kind: 'absent' };
const DIRECTORY: FileState = { kind: 'directory' };
const EMPTY_FILE: FileState = { kind: 'file', content: '' };

const LOOKS: ReadonlySet<FileInput['kind']> = new Set(['read', 'stat', 'touch']);

interface After {
  readonly state: FileState;
  readonly answer: Answer;
}

/** `initial`: what was there before the history. */
export function singleFile(initial: (path: string) => FileState = () => ABSENT): Model<FileState, FileInput> {
  return {
    name: 'file',
    keyOf: ({ path }) => path,
    initial,
    apply: applyToFile,
    changesNothing: ({ kind }, answer) => LOOKS.has(kind) || Number(answer) < 0,
    effectKey: (input) => JSON.stringify(input),
    stateKey: (state) => (state.kind === 'file' ? `file ${state.content}` : state.kind),
    describeInput,
    describeState: (state) => (state.kind === 'file' ? describeContent(state.content) : state.kind),
  };
}

/** What the tree answers, and what the path holds then. */
export function applyToFile(state: FileState, input: FileInput): After {
  switch (input.kind) {
    case 'read':
      return { state, answer: state.kind === 'file' ? state.content : -ENOENT };
    case 'stat':
      return { state, answer: state.kind };
    case 'create':
      if (state.kind === 'absent') return { state: EMPTY_FILE, answer: 0 };
      return { state, answer: state.kind === 'file' ? -EEXIST : -ENOTDIR };
    case 'mkdir':
      return state.kind === 'absent' ? { state: DIRECTORY, answer: 0 } : { state, answer: -EEXIST };
    case 'remove':
    case 'moved-out':
      return state.kind === 'absent' ? { state, answer: -ENOENT } : { state: ABSENT, answer: 0 };
    case 'moved-in':
      return { state: { kind: 'file', content: input.content }, answer: 0 };
    case 'touch':
      return { state, answer: state.kind === 'absent' ? -ENOENT : 0 };
    case 'write':
      return change(state, input.offset + input.data.length, (content) => ({
        content: overlay(content, input.offset, input.data),
        answer: input.data.length,
      }));
    case 'truncate':
      return change(state, input.size, (content) => ({ content: resized(content, input.size), answer: 0 }));
  }
}

function change(
  state: FileState,
  end: number,
  edit: (content: string) => { readonly content: string; readonly answer: number },
): After {
  if (end > MAX_FILE_BYTES) return { state, answer: -EFBIG };
  if (state.kind === 'directory') return { state, answer: -ENOTDIR };
  if (state.kind === 'absent') return { state, answer: -ENOENT };
  const { content, answer } = edit(state.content);
  return { state: { kind: 'file', content }, answer };
}

function overlay(content: string, offset: number, data: string): string {
  // As it is, so that long contents aren't copied and hashed again.
  if (offset === 0 && data.length >= content.length) return data;
  return content.slice(0, offset).padEnd(offset, '\0') + data + content.slice(offset + data.length);
}

function resized(content: string, size: number): string {
  return content.slice(0, size).padEnd(size, '\0');
}

function describeInput(input: FileInput): string {
  switch (input.kind) {
    case 'write':
      return `write ${describeContent(input.data)}${input.offset > 0 ? ` at ${input.offset}` : ''}`;
    case 'truncate':
      return `truncate to ${input.size}`;
    case 'moved-in':
      return `renamed to this, with ${describeContent(input.content)}`;
    case 'moved-out':
      return 'renamed away';
    default:
      return input.kind;
  }
}
