import type { Bulk } from '../../db/bulk/bulk.ts'

/** Characters to be fetched at once, and rows at most: what is held stays small, also where long rows follow on short ones. */
const batchLength = 256 * 1024
const mostRows = 500

export type Batch = { readonly text: string; readonly rows: number }

/**
 * The texts that `query` gives, in batches, each asked for before the one before it is used. Within the caller's
 * transaction, by a cursor: the driver's stream of a COPY hangs when its reader is slower.
 */
export async function* batchesOf(
  sql: Bulk['sql'],
  name: string,
  query: string,
): AsyncGenerator<Batch> {
  await sql.unsafe(`declare ${name} no scroll cursor for ${query}`)
  let size = 50
  const fetch = () => {
    const fetched = sql.unsafe<{ line: string }[]>(`fetch ${size} from ${name}`).execute()
    // whoever stops reading learns of it elsewhere
    fetched.catch(() => {})
    return fetched
  }
  let next = fetch()
  for (;;) {
    const rows = await next
    if (rows.length === 0) break
    const text = rows.map(({ line }) => line).join('')
    const fitting = Math.ceil((rows.length * batchLength) / Math.max(text.length, 1))
    size = Math.min(fitting, 2 * size, mostRows)
    next = fetch()
    yield { text, rows: rows.length }
  }
  await sql.unsafe(`close ${name}`)
}
