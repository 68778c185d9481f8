/** Writes, renames and removes files of its own, and now and then one that all writers share. */
import { ENOENT } from '../../../runtime/file-system/errno.ts';
import { type Request, requestMark } from '../../checkers/observation.ts';
import { Client, type ClientPlace, outcomeOf } from './client.ts';

const USUAL_SIZES: readonly number[] = [48, 48, 48, 300, 2000, 20_000];
/** Half of what a file may have. */
export const LARGE_SIZES: readonly number[] = [524_288];
const SHARED_FILES = 4;
const SHARED_BYTES = 48;
/** Sizes that truncates leave: a write still covers all. */
const SHARED_SIZES: readonly number[] = [0, 20, SHARED_BYTES];
const BURST = 24;

interface OwnFile {
  readonly path: string;
  readonly size: number;
  /** What is there for sure. */
  content: string;
}

export class Writer extends Client {
  readonly #sizes: readonly number[];
  #file: OwnFile | undefined;
  #directory: string | undefined;

  constructor(place: ClientPlace, sizes = USUAL_SIZES) {
    super(place);
    this.#sizes = sizes;
  }

  protected override step(): void {
    const draw = this.random.unit();
    if (draw < 0.08) this.#shared();
    else if (draw < 0.11) this.#burst();
    else if (draw < 0.17) this.#useDirectory();
    else if (this.#file === undefined) this.#create();
    else if (draw < 0.25) this.#rename(this.#file);
    else if (draw < 0.32) this.#unlink(this.#file);
    else if (draw < 0.4) this.#truncate(this.#file);
    else if (draw < 0.43) this.#abort(this.#file);
    else this.#write(this.#file);
  }

  #path(letter: string, id: number): string {
    return `clients/${this.name}/${letter}-${requestMark(id)}`;
  }

  #create(): void {
    const size = this.random.pick(this.#sizes);
    this.ask(
      (id) => ({ kind: 'create', path: this.#path('f', id) }),
      (request) => {
        if (outcomeOf(request) === 'done') this.#file = { path: request!.path, size, content: '' };
        this.rest();
      },
    );
  }

  #write(file: OwnFile): void {
    this.ask(
      (id) => ({ kind: 'write', path: file.path, content: contentOf(id, file.size) }),
      (request) => {
        const outcome = outcomeOf(request);
        if (outcome === 'done') file.content = request!.content;
        if (outcome === 'unknown' || isGone(request)) this.#file = undefined;
        this.rest();
      },
    );
  }

  /** The program is gone in the middle of a change: what becomes of it nobody waits to see. */
  #abort(file: OwnFile): void {
    this.world.mark('client gone');
    this.#file = undefined;
    this.ask(
      (id) => ({ kind: 'write', path: file.path, content: contentOf(id, file.size) }),
      () => {},
    );
    this.rest();
  }

  /** To a part of its usual size, so that the next write covers all of it. */
  #truncate(file: OwnFile): void {
    const size = this.random.chance(0.3) ? 0 : this.random.below(file.size + 1);
    this.ask(
      () => ({ kind: 'truncate', path: file.path, size }),
      (request) => {
        const outcome = outcomeOf(request);
        if (outcome === 'done') file.content = file.content.slice(0, size).padEnd(size, '\0');
        if (outcome === 'unknown' || isGone(request)) this.#file = undefined;
        this.rest();
      },
    );
  }

  #rename(file: OwnFile): void {
    this.ask(
      (id) => ({ kind: 'rename', path: file.path, to: this.#path('g', id), content: file.content }),
      (request) => {
        const outcome = outcomeOf(request);
        if (outcome === 'done') this.#file = { ...file, path: request!.to };
        if (outcome === 'unknown' || isGone(request)) this.#file = undefined;
        this.rest();
      },
    );
  }

  #unlink({ path }: OwnFile): void {
    this.ask(
      () => ({ kind: 'unlink', path }),
      (request) => {
        if (outcomeOf(request) !== 'refused' || isGone(request)) this.#file = undefined;
        this.rest();
      },
    );
  }

  #useDirectory(): void {
    const path = this.#directory;
    this.ask(
      (id) => (path === undefined ? { kind: 'mkdir', path: this.#path('d', id) } : { kind: 'rmdir', path }),
      (request) => {
        const outcome = outcomeOf(request);
        if (outcome !== 'refused' || isGone(request)) this.#directory = undefined;
        if (outcome === 'done' && path === undefined) this.#directory = request!.path;
        this.rest();
      },
    );
  }

  #shared(): void {
    const path = `shared/s${this.random.below(SHARED_FILES)}`;
    const draw = this.random.unit();
    const size = this.random.pick(SHARED_SIZES);
    this.ask(
      (id) => {
        if (draw < 0.1) return { kind: 'unlink', path };
        if (draw < 0.3) return { kind: 'create', path };
        if (draw < 0.45) return { kind: 'truncate', path, size };
        return { kind: 'write', path, content: contentOf(id, SHARED_BYTES) };
      },
      () => this.rest(),
    );
  }

  /** Many requests at once, as a restore or an unpacking makes them. */
  #burst(): void {
    const count = 2 + this.random.below(BURST);
    let open = count;
    for (let n = 0; n < count; n += 1) {
      this.ask(
        (id) => ({ kind: 'create', path: this.#path('b', id) }),
        () => {
          open -= 1;
          if (open === 0) this.rest();
        },
      );
    }
  }
}

/** Beyond the promise an acknowledged file may be lost. */
function isGone(request: Request | undefined): boolean {
  return request?.result === -ENOENT;
}

/** Unique by its mark. */
function contentOf(id: number, size: number): string {
  return `${requestMark(id)} `.padEnd(size, '.');
}
