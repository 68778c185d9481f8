/** Sets keys of its node's status, as pvestatd does. */
import { Client } from './client.ts';

const KEYS = 3;

export class Publisher extends Client {
  #count = 0;

  protected override step(): void {
    this.#count += 1;
    this.world.publish(this.nodeid, `key${this.random.below(KEYS)}`, `${this.name} ${this.#count}`);
    this.rest();
  }
}
