/** Edits corosync.conf as pvecm does: a new file with a higher version, renamed over the old one; sometimes with a stale version. */
import { CONFIG_PATH, clusterConfText } from '../cluster-files.ts';
import type { RequestBody } from '../world.ts';
import { Client, outcomeOf } from './client.ts';

const NEW_PATH = `${CONFIG_PATH}.new`;

export class Operator extends Client {
  #version = 1;

  protected override step(): void {
    const isStale = this.#version > 2 && this.random.chance(0.2);
    const version = isStale ? this.#version - 1 : this.#version + 1;
    this.#version = Math.max(version, this.#version);
    const { nodeCount, idleRotations } = this.world.options;
    const content = clusterConfText({ nodeCount, idleRotations, version, tokenRise_ms: this.random.below(4) * 50 });
    this.#run([
      { kind: 'create', path: NEW_PATH },
      { kind: 'write', path: NEW_PATH, content },
      { kind: 'rename', path: NEW_PATH, to: CONFIG_PATH, content },
    ]);
  }

  /** One after the other, from a clean start; ends at the first that isn't done for sure. */
  #run(steps: readonly RequestBody[]): void {
    this.ask(
      () => ({ kind: 'unlink', path: NEW_PATH }),
      (request) => {
        if (outcomeOf(request) === 'unknown') this.rest();
        else this.#next(steps);
      },
    );
  }

  #next([first, ...rest]: readonly RequestBody[]): void {
    if (first === undefined) {
      this.world.mark('corosync.conf edited');
      this.rest();
      return;
    }
    this.ask(
      () => first,
      (request) => {
        if (outcomeOf(request) === 'done') this.#next(rest);
        else this.rest();
      },
    );
  }
}
