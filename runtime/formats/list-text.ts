/** Lists in one value (spec/formats.md §4): separated by NUL, or else by any mix of comma, semicolon and white space. */
export function splitList(text: string): readonly string[] {
  const items = text.includes('\0')
    ? text.split('\0')
    : text.replace(/^[,; \t\r\n\f\v]+/, '').split(/[,; \t\r\n\f\v]+/);
  let end = items.length;
  while (end > 0 && items[end - 1] === '') end--;
  return items.slice(0, end);
}
