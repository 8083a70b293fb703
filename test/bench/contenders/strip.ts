import postgres from 'postgres'

/** Leaves bare tables: what a project has that never thought of keys and indexes. */
export async function strip(url: string): Promise<void> {
  const sql = postgres(url, { max: 1, onnotice: () => {} })
  await sql`drop schema rollup cascade`
  const constraints = await sql<{ name: string; relation: string }[]>`
    select quote_ident(conname) as name, conrelid::regclass::text as relation
    from pg_constraint where connamespace = 'public'::regnamespace and contype in ('p', 'u', 'f', 'c')
    order by contype = 'p'`
  for (const { name, relation } of constraints) {
    await sql.unsafe(`alter table ${relation} drop constraint if exists ${name} cascade`)
  }
  const indexes = await sql<{ name: string }[]>`
    select indexrelid::regclass::text as name from pg_index
    where indrelid in (select oid from pg_class where relnamespace = 'public'::regnamespace)`
  for (const { name } of indexes) await sql.unsafe(`drop index ${name}`)
  await sql`vacuum analyze`
  await sql.end()
}
