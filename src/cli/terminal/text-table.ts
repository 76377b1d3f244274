/** Rows as aligned columns. */
export type Alignment = 'left' | 'right';

/** Rows as lines of columns for a terminal, indented by two; every column as wide as its widest cell. */
export function textTable(rows: readonly (readonly string[])[], align: readonly Alignment[]): string[] {
  const widths = align.map((_, column) => Math.max(...rows.map((row) => (row[column] ?? '').length)));
  return rows.map((row) => {
    const cells = row.map((cell, column) =>
      align[column] === 'right' ? cell.padStart(widths[column] ?? 0) : cell.padEnd(widths[column] ?? 0),
    );
    return `  ${cells.join('  ').trimEnd()}`;
  });
}
