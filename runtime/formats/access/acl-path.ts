/** Paths of access control lists: how they are normalised, and which shapes a new entry may have (spec/access.md §5). */

const segment = '[A-Za-z0-9._-]+';

/** Shapes on which a new entry may be made. */
const knownShapes: readonly RegExp[] = [
  '/',
  '/access',
  `/access/groups(?:/${segment})?`,
  `/access/realm(?:/${segment})?`,
  `/nodes(?:/${segment})?`,
  '/vms(?:/[1-9][0-9]{2,})?',
  `/storage(?:/${segment})?`,
  `/pool(?:/${segment}){0,3}`,
  `/mapping(?:/${segment}(?:/${segment})?)?`,
  '/sdn',
  `/sdn/(?:controllers|dns|ipams|fabrics|prefix-lists|route-maps)(?:/${segment})?`,
  `/sdn/zones(?:/${segment}(?:/${segment}(?:/[0-9]{1,4})?)?)?`,
].map((shape) => new RegExp(`^${shape}$`));

/** Leading slash, no doubled and no trailing ones; undefined for empty text and for characters that no path has. */
export function normalizeAclPath(path: string): string | undefined {
  if (path === '' || !/^[A-Za-z0-9._/-]+$/.test(path)) return undefined;
  const collapsed = `/${path}`.replace(/\/+/g, '/');
  return collapsed === '/' ? collapsed : collapsed.replace(/\/$/, '');
}

/** Whether a new entry may be on this normalised path. */
export function isKnownAclPath(path: string): boolean {
  return knownShapes.some((shape) => shape.test(path));
}

/** The names on the way from the root: none for `/`. @param path normalised */
export function aclPathSegments(path: string): readonly string[] {
  return path === '/' ? [] : path.slice(1).split('/');
}
