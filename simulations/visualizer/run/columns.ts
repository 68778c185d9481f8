/** Columns that grow while records come. */
import { COLUMNS, type ColumnName } from './layout.ts';

type Numbers = Float64Array | Uint8Array | Uint16Array | Uint32Array;

const first_capacity = 4096;

export class Columns {
  count = 0;
  #capacity = first_capacity;
  readonly #columns: Record<ColumnName, Numbers>;

  constructor() {
    const entries = Object.entries(COLUMNS).map(([name, type]) => [name, new type(first_capacity)]);
    this.#columns = Object.fromEntries(entries) as Record<ColumnName, Numbers>;
  }

  push(row: Readonly<Record<ColumnName, number>>): void {
    if (this.count === this.#capacity) this.#grow();
    for (const name in row) this.#columns[name as ColumnName][this.count] = row[name as ColumnName];
    this.count += 1;
  }

  bytes(name: ColumnName): Uint8Array {
    const { buffer, BYTES_PER_ELEMENT } = this.#columns[name];
    return new Uint8Array(buffer as ArrayBuffer, 0, this.count * BYTES_PER_ELEMENT);
  }

  #grow(): void {
    this.#capacity *= 2;
    for (const [name, column] of Object.entries(this.#columns)) {
      const larger = new COLUMNS[name as ColumnName](this.#capacity);
      larger.set(column);
      this.#columns[name as ColumnName] = larger;
    }
  }
}

/** Numbers for texts, in the order in which they come. */
export class Dictionary {
  readonly texts: string[] = [];
  readonly #numbers = new Map<string, number>();

  number(text: string): number {
    let number = this.#numbers.get(text);
    if (number === undefined) {
      number = this.texts.length;
      this.#numbers.set(text, number);
      this.texts.push(text);
    }
    return number;
  }
}
