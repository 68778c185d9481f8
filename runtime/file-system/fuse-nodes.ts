/**
 * The names that the kernel holds of a mount: FUSE speaks of numbers, a FileSystem of paths.
 *
 * I1. A number means one node until the kernel has forgotten it as often as it was told of it, and is never used again.
 * I2. A node without a name (removed or replaced) has no path; the name may meanwhile belong to another node.
 */
import type { UnlinkedFile } from './unlinked-file.ts';

export const ROOT_ID = 1;

/** An open file whose creation the cluster has still to decide on (early-files.ts). */
export interface EarlyFile {
  readonly path: string;
  readonly node: FuseNode;
  /** Opened with O_TRUNC, and not written to yet. */
  isToBeEmpty: boolean;
  /** Requests that wait for the outcome. */
  readonly waiting: Buffer[];
}

export class FuseNode {
  readonly id: number;
  /** Undefined for the root, and for a node without a name. */
  parent: FuseNode | undefined;
  name: string;
  readonly children = new Map<string, FuseNode>();
  /** How often the kernel was told of this node. */
  lookups = 0;
  /** Open handles. */
  opens = 0;
  /** What a removed file holds that is still open. */
  unlinked: UnlinkedFile | undefined;
  /** Requests that wait until a change of this node's name is done; undefined while there is none. */
  waiting: Buffer[] | undefined;
  /** Set while the cluster decides on the creation of this open file. */
  early: EarlyFile | undefined;
  /** The errno with which it ended, or 0. */
  refusal = 0;

  constructor(id: number, parent: FuseNode | undefined, name: string) {
    this.id = id;
    this.parent = parent;
    this.name = name;
  }
}

export class FuseNodes {
  readonly root = new FuseNode(ROOT_ID, undefined, '');
  readonly #byId = new Map<number, FuseNode>([[ROOT_ID, this.root]]);
  #lastId = ROOT_ID;

  get count(): number {
    return this.#byId.size;
  }

  get(id: number): FuseNode | undefined {
    return this.#byId.get(id);
  }

  /** With a leading slash; undefined where the node or one above it has no name. */
  pathOf(node: FuseNode): string | undefined {
    if (node === this.root) return '/';
    let path = '';
    for (let at = node; at !== this.root; at = at.parent) {
      if (at.parent === undefined) return undefined;
      path = `/${at.name}${path}`;
    }
    return path;
  }

  /** The kernel is told of this name once more. */
  tell(parent: FuseNode, name: string): FuseNode {
    let node = parent.children.get(name);
    if (node === undefined) {
      this.#lastId += 1;
      node = new FuseNode(this.#lastId, parent, name);
      this.#byId.set(node.id, node);
      parent.children.set(name, node);
    }
    node.lookups += 1;
    return node;
  }

  /** The kernel has forgotten a node `count` times. */
  forget(node: FuseNode, count: number): void {
    node.lookups = Math.max(0, node.lookups - count);
    this.#dropUnused(node);
  }

  /** The name is gone. */
  unname(node: FuseNode): void {
    const { parent } = node;
    if (parent === undefined) return;
    parent.children.delete(node.name);
    node.parent = undefined;
    this.#dropUnused(node);
    this.#dropUnused(parent);
  }

  /** The node has another name now; one that had it before has none. */
  rename(node: FuseNode, parent: FuseNode, name: string): void {
    const replaced = parent.children.get(name);
    if (replaced === node) return;
    if (replaced !== undefined) this.unname(replaced);
    const before = node.parent;
    before?.children.delete(node.name);
    node.parent = parent;
    node.name = name;
    parent.children.set(name, node);
    if (before !== undefined) this.#dropUnused(before);
  }

  #dropUnused(node: FuseNode): void {
    for (let at: FuseNode | undefined = node; at !== undefined && at !== this.root; ) {
      if (at.lookups > 0 || at.children.size > 0) return;
      const parent: FuseNode | undefined = at.parent;
      this.#byId.delete(at.id);
      if (parent?.children.get(at.name) === at) parent.children.delete(at.name);
      at = parent;
    }
  }
}
