/** The log of the round-robin world (spec/ha.md §1.11). */

const lineFeedAtEnd = /\n$/;

export class SimulationLog {
  #text = '';

  get text(): string {
    return this.#text;
  }

  /** A line of the hardware, or of whoever `id` names. */
  hardware(level: string, time: number, id: string, message: string): void {
    this.#line(level, time, id, message);
  }

  /** A line of a daemon: its levels are cut to four characters. */
  daemon(level: string, time: number, id: string, message: string): void {
    this.#line(level.slice(0, 4), time, id, message);
  }

  #line(level: string, time: number, id: string, message: string): void {
    const text = message.replace(lineFeedAtEnd, '');
    this.#text += `${level.padEnd(5)} ${String(time).padStart(5)} ${id.padStart(12)}: ${text}\n`;
  }
}
