/** Looks around as people, backups and monitoring do: lists directories, asks for attributes, reads files and what the daemon publishes. */
import type { FileSystem } from '../../../runtime/file-system/file-system.ts';
import { Client } from './client.ts';

const START_POINTS: readonly string[] = ['', 'nodes', 'priv/lock', 'shared', 'clients'];
const PUBLISHED_AS_JSON: readonly string[] = ['.members', '.vmlist', '.version', '.clusterlog'];
const MOST_ENTRIES = 40;
const READ_BYTES = 1_048_576;

export class Reader extends Client {
  protected override step(): void {
    const start = this.random.pick(START_POINTS);
    this.world.look(this.nodeid, (fileSystem) => {
      for (const name of PUBLISHED_AS_JSON) this.#readPublished(fileSystem, name);
      this.#walk(fileSystem, start);
      this.successes += 1;
    });
    this.rest();
  }

  #readPublished(fileSystem: FileSystem, name: string): void {
    const attributes = fileSystem.getattr(name);
    const text = typeof attributes === 'number' ? attributes : fileSystem.read(name, 0, attributes.size);
    if (typeof text === 'number') {
      this.#fail(`reading ${name} gave ${text}`);
      return;
    }
    try {
      JSON.parse(text.toString('latin1'));
    } catch (error) {
      this.#fail(`${name} is no JSON: ${(error as Error).message}`);
    }
  }

  /** What is listed has attributes and can be read: nothing may change between two calls in one turn. */
  #walk(fileSystem: FileSystem, start: string): void {
    const waiting = [start];
    for (let seen = 0; seen < MOST_ENTRIES; seen += 1) {
      const directory = waiting.shift();
      if (directory === undefined) return;
      for (const { name, kind } of fileSystem.readdir(directory)) {
        const path = directory === '' ? name : `${directory}/${name}`;
        const attributes = fileSystem.getattr(path);
        if (typeof attributes === 'number') this.#fail(`'${path}' is listed, and has no attributes: ${attributes}`);
        else if (kind === 'directory') waiting.push(path);
        else if (kind === 'file' && !path.startsWith('.')) this.#readFile(fileSystem, path, attributes.size);
      }
    }
  }

  #readFile(fileSystem: FileSystem, path: string, size: number): void {
    const data = fileSystem.read(path, 0, READ_BYTES);
    if (typeof data === 'number') this.#fail(`reading '${path}' gave ${data}`);
    else if (data.length !== size) this.#fail(`'${path}' has ${data.length} bytes, and says ${size}`);
  }

  #fail(problem: string): void {
    this.world.observers.fail('readable', `n${this.nodeid}: ${problem}`);
  }
}
