/** Creates guest configurations, writes them, moves them between nodes, tries duplicates, and removes them. */
import { ENOENT } from '../../../runtime/file-system/errno.ts';
import { requestMark } from '../../checkers/observation.ts';
import type { RequestBody } from '../world.ts';
import { Client, outcomeOf } from './client.ts';

const CONTENT_BYTES = 64;
const CONTENDED_VMIDS: readonly number[] = [770, 771];

export class GuestOwner extends Client {
  #count = 0;
  /** Node that holds the configuration; undefined where there is none for sure. */
  #place: number | undefined;
  #content = '';

  protected override step(): void {
    const draw = this.random.unit();
    if (draw > 0.92) this.#removeContended();
    else if (this.#place === undefined) this.#create();
    else if (draw > 0.84) this.#enterContended(this.#place);
    else if (draw < 0.35) this.#move(this.#place);
    else if (draw < 0.5) this.#duplicate();
    else if (draw < 0.65) this.#remove(this.#place);
    else this.#write(this.#place);
  }

  #path(nodeid: number): string {
    return `nodes/n${nodeid}/qemu-server/${this.nodeid * 1000 + this.#count}.conf`;
  }

  #next(): void {
    this.#place = undefined;
    this.#content = '';
    this.#count += 1;
  }

  #change(body: (id: number) => RequestBody, done: (content: string) => void): void {
    this.ask(body, (request) => {
      const outcome = outcomeOf(request);
      if (outcome === 'done') done(request!.content);
      // Where it is now nobody knows; another guest it is.
      if (outcome === 'unknown' || request?.result === -ENOENT) this.#next();
      this.rest();
    });
  }

  #create(): void {
    this.#change(
      () => ({ kind: 'create', path: this.#path(this.nodeid) }),
      () => {
        this.#place = this.nodeid;
      },
    );
  }

  #write(place: number): void {
    this.#change(
      (id) => ({ kind: 'write', path: this.#path(place), content: `${requestMark(id)} `.padEnd(CONTENT_BYTES, '.') }),
      (content) => {
        this.#content = content;
      },
    );
  }

  #move(place: number): void {
    const others = this.world.nodes.filter(({ nodeid }) => nodeid !== place);
    const { nodeid } = this.random.pick(others);
    this.#change(
      () => ({ kind: 'rename', path: this.#path(place), to: this.#path(nodeid), content: this.#content }),
      () => {
        this.#place = nodeid;
        this.world.mark('guest moved');
      },
    );
  }

  /** Its configuration becomes that of a VMID which others want too, anywhere: often refused. */
  #enterContended(place: number): void {
    const to = this.#contendedPath();
    this.#change(
      () => ({ kind: 'rename', path: this.#path(place), to, content: this.#content }),
      () => {
        this.world.mark('guest took a contended id');
        this.#next();
      },
    );
  }

  #removeContended(): void {
    const path = this.#contendedPath();
    this.ask(
      () => ({ kind: 'unlink', path }),
      () => this.rest(),
    );
  }

  #contendedPath(): string {
    const { nodeid } = this.random.pick(this.world.nodes);
    return `nodes/n${nodeid}/${this.random.pick(['qemu-server', 'lxc'])}/${this.random.pick(CONTENDED_VMIDS)}.conf`;
  }

  /** The same VMID on another node, which must be refused. */
  #duplicate(): void {
    const others = this.world.nodes.filter(({ nodeid }) => nodeid !== this.#place);
    const other = this.#path(this.random.pick(others).nodeid);
    const path = this.random.chance(0.5) ? other : other.replace('qemu-server', 'lxc');
    this.#change(
      () => ({ kind: 'create', path }),
      () => {
        if (this.world.profile !== 'promise') return;
        this.world.observers.fail('I7', `a second configuration of one guest was accepted at '${path}'`);
      },
    );
  }

  #remove(place: number): void {
    this.#change(
      () => ({ kind: 'unlink', path: this.#path(place) }),
      () => this.#next(),
    );
  }
}
