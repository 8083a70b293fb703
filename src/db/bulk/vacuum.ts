import type { Bulk } from './bulk.ts'

/**
 * After the commit: statistics for the planner, and what lets index-only scans skip the tables. Holds no writer.
 * What is committed stays so: `onFailure` hears why it stopped.
 */
export async function vacuum(
  { sql, reasonOf }: Bulk,
  tables: readonly string[],
  onFailure: (reason: string) => void,
): Promise<void> {
  const rollups = [
    'counts',
    'user_days',
    'active_users',
    'post_comments',
    'user_totals',
    'deltas',
    'segments',
  ]
  try {
    for (const table of [
      ...tables.map((name) => `public.${name}`),
      ...rollups.map((name) => `rollup.${name}`),
    ]) {
      await sql`vacuum (analyze, truncate false) ${sql(table)}`
    }
  } catch (error) {
    const reason = reasonOf(error)
    onFailure(reason instanceof Error ? reason.message : String(reason))
  }
}
