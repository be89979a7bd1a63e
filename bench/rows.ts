import type { Row } from './measure.ts';

/** Describes the target of a row. Empty if it has none. */
export function bound({ atLeast, atMost }: Row): string {
  if (atLeast !== undefined) return `≥ ${round(atLeast)}`;
  return atMost === undefined ? '' : `≤ ${round(atMost)}`;
}

/** Whether a row reaches its target. */
export function isMet({
  ratio = Number.NaN,
  atLeast = Number.NEGATIVE_INFINITY,
  atMost = Number.POSITIVE_INFINITY,
}: Row): boolean {
  return ratio >= atLeast && ratio <= atMost;
}

/** Formats a number with three significant digits. */
export function round(value: number | undefined): string {
  if (value === undefined) return '';
  return Math.abs(value) >= 100 ? value.toFixed(0) : String(Number(value.toPrecision(3)));
}

/** Formats cells as a Markdown table. */
export function markdownTable(head: readonly string[], rows: readonly (readonly string[])[]): string {
  return [head, head.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`).join('\n');
}

/** Formats rows as a Markdown table. */
export function table(rows: readonly Row[]): string {
  const lines = rows.map((row) => {
    const target = bound(row);
    const cells = [row.what, `${round(row.ours)} ${row.unit}`, round(row.theirs), round(row.ratio)];
    return [...cells, target && `${target} ${isMet(row) ? 'met' : '**missed**'}`];
  });
  return markdownTable(['what', 'service', 'baseline', 'ratio', 'target'], lines);
}
