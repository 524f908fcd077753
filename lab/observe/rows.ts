/** A row of a database, which was asked for it as a JSON object. */
export type Row = Readonly<Record<string, unknown>>

/** The rows are objects, one a line; the other lines are what the client said beside them. */
export function rowsIn(text: string): { readonly rows: readonly Row[]; readonly other: readonly string[] } {
  const rows: Row[] = []
  const other: string[] = []
  for (const line of text.split('\n').filter((each) => each !== '')) {
    const row = rowOf(line)
    if (row === undefined) other.push(line)
    else rows.push(row)
  }
  return { rows, other }
}

/** A field of a row as text. */
export function textOf(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value)
}

function rowOf(line: string): Row | undefined {
  if (!line.startsWith('{')) return undefined
  try {
    return JSON.parse(line) as Row
  } catch {
    return undefined
  }
}
