/**
 * The bundled form of modules, which starts a process faster (bin/dev/bundle.mjs). Only what was made of the newest build counts:
 * it names the record of that build by its digest.
 */
import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

/** The folder of bundled modules below `built`, the folder of all; undefined where there is none of the newest build. */
export function bundledFolder(built: string): string | undefined {
  const folder = join(built, 'bundled');
  try {
    const made = readFileSync(join(folder, 'build'), 'utf8');
    const record = readFileSync(join(built, '.tsbuildinfo'));
    return made === createHash('sha256').update(record).digest('hex') ? folder : undefined;
  } catch {
    return undefined;
  }
}

/** The bundled module for one below `built`, or that one itself. URLs. */
export function bundledUrl(url: string, built: string, folder: string): string {
  if (url === '') return url;
  const path = fileURLToPath(url);
  if (!path.startsWith(`${built}/`)) return url;
  const bundled = join(folder, path.slice(built.length + 1));
  return existsSync(bundled) ? pathToFileURL(bundled).href : url;
}
