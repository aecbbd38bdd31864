import type { Column, FromClause, RangeVariable } from "./scope.ts";

/** The same rows and names, with each column changed. */
export function eachColumn<Rows extends FromClause>(from: Rows, change: (column: Column) => Column): Rows {
  const changed = new Map<Column, Column>();
  const each = (column: Column): Column => {
    const known = changed.get(column) ?? change(column);
    changed.set(column, known);
    return known;
  };
  const ranges = new Map<string, RangeVariable>();
  for (const [name, range] of from.ranges) {
    const { columns, pseudoColumns = [], value } = range;
    ranges.set(name, {
      ...range,
      columns: columns.map(each),
      pseudoColumns: pseudoColumns.map(each),
      value: value && each(value),
    });
  }
  const names = new Map<string, Column | null>();
  for (const [name, column] of from.names) names.set(name, column && each(column));
  const values = (from.values ?? []).map((row) => ({ ...row, value: each(row.value), fields: row.fields.map(each) }));
  return { ...from, columns: from.columns.map(each), ranges, names, values };
}
