/** Builds trees of directories of its own and takes them down, and tries to remove and to rename directories that are filled. */
import { ENOENT, ENOTEMPTY } from '../../../runtime/file-system/errno.ts';
import { type Request, requestMark } from '../../checkers/observation.ts';
import type { RequestBody } from '../world.ts';
import { Client, outcomeOf } from './client.ts';

const MOST_ENTRIES = 12;
const DEEPEST = 4;
/** What a path holds that is a directory, for whoever judges by contents. */
const DIRECTORY_CONTENT = '(directory)';

interface Entry {
  path: string;
  readonly isDirectory: boolean;
  readonly depth: number;
}

export class TreeOwner extends Client {
  /** What is there for sure; the first one is the root of the tree. */
  #entries: Entry[] = [];

  protected override step(): void {
    const draw = this.random.unit();
    const isFull = this.#entries.length >= MOST_ENTRIES;
    if (this.#entries.length === 0) this.#make(`clients/${this.name}`, 0, true);
    else if (draw < (isFull ? 0.1 : 0.5)) this.#makeBelow();
    else if (draw < 0.65) this.#rename(this.random.pick(this.#entries));
    else this.#remove(this.random.pick(this.#entries));
  }

  #makeBelow(): void {
    const directories = this.#entries.filter(({ isDirectory, depth }) => isDirectory && depth < DEEPEST);
    const { path, depth } = this.random.pick(directories);
    this.#make(path, depth, this.random.chance(0.6));
  }

  #make(directory: string, depth: number, isDirectory: boolean): void {
    this.#change(
      (id) => ({ kind: isDirectory ? 'mkdir' : 'create', path: `${directory}/e-${requestMark(id)}` }),
      ({ path }) => {
        this.#entries.push({ path, isDirectory, depth: depth + 1 });
      },
    );
  }

  /** Into the root of the tree. Of a filled directory it must be refused. */
  #rename(entry: Entry): void {
    const root = this.#entries[0]!;
    if (entry === root) {
      this.rest();
      return;
    }
    const content = entry.isDirectory ? DIRECTORY_CONTENT : '';
    this.#change(
      (id) => ({ kind: 'rename', path: entry.path, to: `${root.path}/m-${requestMark(id)}`, content }),
      ({ to }) => {
        entry.path = to;
      },
      entry,
    );
  }

  #remove(entry: Entry): void {
    this.#change(
      () => ({ kind: entry.isDirectory ? 'rmdir' : 'unlink', path: entry.path }),
      () => {
        this.#entries = this.#entries.filter((other) => other !== entry);
      },
      entry,
    );
  }

  /** `touched`: what may not go or move while it holds something. */
  #change(body: (id: number) => RequestBody, done: (request: Request) => void, touched?: Entry): void {
    const isFilled = touched !== undefined && this.#entries.some(({ path }) => path.startsWith(`${touched.path}/`));
    this.ask(body, (request) => {
      const outcome = outcomeOf(request);
      if (outcome === 'done' && isFilled) this.#tell(request!);
      if (outcome === 'done' && !isFilled) done(request!);
      if (request?.result === -ENOTEMPTY) this.world.mark('filled directory kept');
      // What is there now nobody knows: another tree it is.
      if (outcome === 'unknown' || request?.result === -ENOENT || (outcome === 'done' && isFilled)) this.#entries = [];
      this.rest();
    });
  }

  #tell({ kind, path }: Request): void {
    if (this.world.profile !== 'promise') return;
    this.world.observers.fail('directories', `${kind} of '${path}' was accepted, though it was not empty`);
  }
}
