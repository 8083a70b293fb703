import type { TestSql } from './database.ts'

/** Lets each trigger of Shopboard's on these tables fire when it was made to. */
export async function enableTriggers(sql: TestSql, ...tables: string[]): Promise<void> {
  const installed = await sql<{ relation: string; name: string; when: string }[]>`
    select relation, name, case enabled when 'A' then 'always' when 'R' then 'replica' else '' end as when
    from rollup.installed where relation = any (${tables})`
  for (const { relation, name, when } of installed)
    await sql.unsafe(`alter table ${relation} enable ${when} trigger ${name}`)
}
