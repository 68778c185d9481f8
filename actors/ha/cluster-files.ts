/** Reading and writing whole files below `/etc/pve` over the ports (spec/ha.md §8). Texts are byte strings. */
import type { Next } from '../../machines/ha/dialogue.ts';
import { EEXIST, ENOENT } from '../../runtime/file-system/errno.ts';
import { failed, type Outcome, refused, succeeded } from './outcome.ts';
import type { Answer, ClusterFiles } from './ports.ts';

const MOUNT_POINT = '/etc/pve';

/** Text of a file; undefined where there is none. */
export function readText(files: ClusterFiles, path: string, done: Answer<Outcome<string | undefined>>): void {
  files.read(path, (content) => {
    if (typeof content !== 'number') done(succeeded(content.toString('latin1')));
    else if (content === -ENOENT) done(succeeded(undefined));
    else done(refused(`unable to read '${MOUNT_POINT}/${path}'`, content));
  });
}

/** Object of a JSON file; undefined where there is none. */
export function readObject(
  files: ClusterFiles,
  path: string,
  done: Answer<Outcome<Readonly<Record<string, unknown>> | undefined>>,
): void {
  readText(files, path, (read) => {
    if (!read.ok || read.value === undefined) return done(read as Outcome<undefined>);
    done(parseObject(read.value, path));
  });
}

/** JSON in UTF-8; an empty file is an empty object. */
export function parseObject(text: string, path: string): Outcome<Readonly<Record<string, unknown>>> {
  if (text === '') return succeeded({});
  const value = parsedJson(text);
  if (isObject(value)) return succeeded(value);
  return failed(`unable to parse '${MOUNT_POINT}/${path}' - it is no JSON object`);
}

function parsedJson(text: string): unknown {
  try {
    return JSON.parse(Buffer.from(text, 'latin1').toString('utf8'));
  } catch {
    return undefined;
  }
}

export function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Puts a file in place, and the directories above it where they are missing. */
export function writeText(files: ClusterFiles, path: string, text: string, done: Answer<Outcome<undefined>>): void {
  const content = Buffer.from(text, 'latin1');
  const settle = (errno: number): void =>
    done(errno < 0 ? refused(`unable to write '${MOUNT_POINT}/${path}'`, errno) : succeeded(undefined));
  files.replace(path, content, (errno) => {
    if (errno !== -ENOENT) return settle(errno);
    makeDirectories(files, parentOf(path), (made) => {
      if (made < 0) return settle(made);
      files.replace(path, content, settle);
    });
  });
}

/** 0 where the directory is there afterwards. */
export function makeDirectories(files: ClusterFiles, path: string, done: Answer<number>): Next {
  if (path === '') return done(0);
  const settle = (errno: number): void => done(errno === -EEXIST ? 0 : errno);
  files.mkdir(path, (errno) => {
    if (errno !== -ENOENT) return settle(errno);
    makeDirectories(files, parentOf(path), (made) => {
      if (made < 0) return done(made);
      files.mkdir(path, settle);
    });
  });
}

function parentOf(path: string): string {
  return path.slice(0, Math.max(0, path.lastIndexOf('/')));
}

/** Asks for each in turn; the first failure is that of all. */
export function inTurn<Item, Value>(
  items: readonly Item[],
  ask: (item: Item, done: Answer<Outcome<Value>>) => void,
  done: Answer<Outcome<readonly Value[]>>,
): void {
  const values: Value[] = [];
  const next = (index: number): Next => {
    if (index === items.length) return done(succeeded(values));
    ask(items[index]!, (outcome) => {
      if (!outcome.ok) return done(outcome);
      values.push(outcome.value);
      next(index + 1);
    });
  };
  next(0);
}
