/** The pages of format `html`: the answer as text with links to its children, and the page to log in. */
export interface Page {
  readonly path: string;
  readonly identity: string | undefined;
  readonly envelope: object;
  readonly children: readonly string[];
}

export function browsablePage({ path, identity, envelope, children }: Page): string {
  const here = `/api2/html${path === '/' ? '' : path}`;
  const items = children.map(
    (name) => `<li><a href="${escapeHtml(`${here}/${encodeURIComponent(name)}`)}">${escapeHtml(name)}</a></li>`,
  );
  return pageOf(
    `API ${path}`,
    [
      `<p>${identity === undefined ? '' : escapeHtml(identity)}</p>`,
      `<h1>${escapeHtml(path)}</h1>`,
      `<ul>${items.join('')}</ul>`,
      `<pre>${escapeHtml(JSON.stringify(envelope, null, 2))}</pre>`,
    ].join('\n'),
  );
}

/** Where those without credentials are sent. */
export function loginPage(): string {
  return pageOf(
    'Login',
    [
      '<form method="post" action="/api2/html/access/ticket">',
      '<label>User <input name="username" autocomplete="username"></label>',
      '<label>Password <input name="password" type="password" autocomplete="current-password"></label>',
      '<button>Login</button>',
      '</form>',
    ].join('\n'),
  );
}

function pageOf(title: string, body: string): string {
  return `<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8"><title>${escapeHtml(title)}</title></head>\n<body>\n${body}\n</body></html>\n`;
}

export function escapeHtml(text: string): string {
  return text.replace(/[&<>"]/g, (sign) => `&${{ '&': 'amp', '<': 'lt', '>': 'gt', '"': 'quot' }[sign]};`);
}
