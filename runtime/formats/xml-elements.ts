/** XML as elements with attributes, in document order; text and comments are dropped. Well-formedness is checked strictly. */
import { SaxesParser } from 'saxes';

export interface XmlElement {
  readonly name: string;
  /** Entities are decoded. */
  readonly attributes: ReadonlyMap<string, string>;
  readonly children: readonly XmlElement[];
}

interface OpenElement extends XmlElement {
  readonly children: XmlElement[];
}

/** The root element, or what is wrong, with line and column. @param text Unicode text */
export function parseXml(text: string): { readonly root: XmlElement } | { readonly error: string } {
  const parser = new SaxesParser();
  const open: OpenElement[] = [];
  let root: XmlElement | undefined;
  let error: string | undefined;
  parser.on('error', (problem) => {
    error ??= problem.message;
  });
  parser.on('opentag', ({ name, attributes }) => {
    const element: OpenElement = { name, attributes: new Map(Object.entries(attributes)), children: [] };
    root ??= element;
    open.at(-1)?.children.push(element);
    open.push(element);
  });
  parser.on('closetag', () => {
    open.pop();
  });
  parser.write(text).close();
  if (error !== undefined) return { error };
  return root === undefined ? { error: 'there is no element' } : { root };
}
