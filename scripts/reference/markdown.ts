/** Builds a generated page. */
export function page(title: string, ...blocks: string[]): string {
  const notice = '<!-- Written by `npm run docs` from the source code. Edit the source code instead. -->';
  return `${[`# ${title}`, notice, ...blocks].join('\n\n')}\n`;
}

/**
 * Builds a table whose first column contains names in code format.
 *
 * @param rows cells of each row, such as the entries of a record
 */
export function table(head: readonly string[], rows: Iterable<readonly string[]>): string {
  const toLine = (cells: readonly string[]) => `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
  const body = Array.from(rows, ([name = '', ...cells]) => toLine([`\`${name}\``, ...cells]));
  return [toLine(head), `|${'---|'.repeat(head.length)}`, ...body].join('\n');
}
