/** Builds the page into one file, `dist/visualizer/page.html`: script and style inside, nothing to fetch but the run. */
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const here = dirname(fileURLToPath(import.meta.url));
/** The sources lie beside what is built from them: `simulations/visualizer` or `dist/simulations/visualizer`. */
const root = here.includes(`${join('dist', 'simulations')}`) ? join(here, '..', '..', '..') : join(here, '..', '..');
const sources = join(root, 'simulations', 'visualizer');
export const PAGE_FILE = join(root, 'dist', 'visualizer', 'page.html');

/** The page; builds it where it is missing or older than its sources. Throws a sentence where that can't be done. */
export async function builtPage(): Promise<string> {
  if (!existsSync(PAGE_FILE) || isOlderThan(statSync(PAGE_FILE).mtimeMs, sources)) await buildPage();
  return readFileSync(PAGE_FILE, 'utf8');
}

function isOlderThan(built_ms: number, folder: string): boolean {
  if (!existsSync(folder)) return false;
  return readdirSync(folder, { withFileTypes: true }).some((entry) => {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return isOlderThan(built_ms, path);
    return !entry.name.endsWith('.test.ts') && statSync(path).mtimeMs > built_ms;
  });
}

export async function buildPage(): Promise<void> {
  const html = await bundled();
  mkdirSync(dirname(PAGE_FILE), { recursive: true });
  writeFileSync(PAGE_FILE, html);
}

async function bundled(): Promise<string> {
  const { build } = await import('vite');
  const { svelte } = await import('@sveltejs/vite-plugin-svelte');
  const result = await build({
    root: join(sources, 'page'),
    configFile: false,
    logLevel: 'error',
    plugins: [svelte({ configFile: false })],
    build: { write: false, modulePreload: false, cssCodeSplit: false, assetsInlineLimit: 0, target: 'es2022' },
  });
  const { output } = (Array.isArray(result) ? result[0]! : result) as {
    readonly output: readonly {
      readonly fileName: string;
      readonly code?: string;
      readonly source?: string | Uint8Array;
    }[];
  };
  const textOf = ({ code, source }: (typeof output)[number]): string => code ?? String(source);
  const page = textOf(output.find(({ fileName }) => fileName.endsWith('.html'))!);
  const scripts = output.filter(({ fileName }) => fileName.endsWith('.js'));
  const styles = output.filter(({ fileName }) => fileName.endsWith('.css'));
  if (scripts.length !== 1) throw new Error(`the page has ${scripts.length} scripts instead of one`);
  // A function as replacement: the texts hold `$&`.
  return page
    .replace(/<link rel="stylesheet"[^>]*>\s*/g, '')
    .replace(/<script type="module"[^>]*><\/script>\s*/, '')
    .replace('</head>', () => `<style>${styles.map(textOf).join('')}</style></head>`)
    .replace('</body>', () => `<script type="module">${inScript(textOf(scripts[0]!))}</script></body>`);
}

/** A script in a page ends at the first closing tag, wherever that stands. */
function inScript(code: string): string {
  return code.replaceAll('</script', '<\\/script').replaceAll('<!--', '<\\!--');
}
