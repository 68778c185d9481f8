/** The report of an import: what became of each attribute of the old configuration (spec/ha.md §15.1). */
import type { XmlElement } from '../../../runtime/formats/xml-elements.ts';

/** Writes the lines about an element, its attributes and children. */
export type Describe = (element: XmlElement, path: string) => void;

/** What is known about an element. */
export interface ElementEntry {
  /** Target of an attribute, without the element's path. Undefined: unknown. */
  attribute?(key: string, value: string): string | undefined;
  /** By element name. */
  readonly children?: Readonly<Record<string, Describe>>;
  /** Target of the children without an entry. */
  readonly otherChildren?: string;
}

export class ImportReport {
  readonly #lines: string[] = [];

  get text(): string {
    return this.#lines.map((line) => `${line}\n`).join('');
  }

  line(path: string, target: string): void {
    this.#lines.push(`${path} -> ${target}`);
  }

  attribute(path: string, key: string, target: string): void {
    this.line(`${path}/@${key}`, target);
  }

  /** Attributes first, then children, in document order. */
  describe(element: XmlElement, path: string, entry: ElementEntry): void {
    for (const [key, value] of element.attributes) {
      this.attribute(path, key, entry.attribute?.(key, value) ?? 'unmapped: unknown attribute');
    }
    for (const child of element.children) {
      const childPath = pathOf(path, child);
      const known = entry.children !== undefined && Object.hasOwn(entry.children, child.name);
      if (known) entry.children![child.name]!(child, childPath);
      else this.line(childPath, entry.otherChildren ?? 'unmapped: unknown element');
    }
  }
}

function pathOf(parent: string, element: XmlElement): string {
  const { attributes } = element;
  const key = attributes.get('name') ?? attributes.get('vmid') ?? attributes.get('ref');
  return `${parent}/${element.name}${key === undefined ? '' : `[${key}]`}`;
}

/** spec/ha.md §15.1, "Booleans". Other words count as false, as does a missing attribute. */
export function isTrueWord(value: string | undefined): boolean {
  return ['1', 'yes', 'true', 'on'].includes(value ?? '');
}

/** The elements at a path of names below `element`. */
export function elementsAt(element: XmlElement, ...names: readonly string[]): readonly XmlElement[] {
  return names.reduce<readonly XmlElement[]>(
    (found, name) => found.flatMap(({ children }) => children.filter((child) => child.name === name)),
    [element],
  );
}

/** A name that is not taken yet: with `_2`, `_3` and so on where it is. */
export function freeName(wanted: string, taken: { has(name: string): boolean }): string {
  let name = wanted;
  for (let i = 2; taken.has(name); i++) name = `${wanted}_${i}`;
  return name;
}

/** A node's name up to the first dot: the old configuration may hold either form. */
export function shortNodeName(name: string): string {
  return name.split('.', 1)[0]!;
}
