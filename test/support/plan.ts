import { prepare, rowsRead } from '../../src/db/plan.ts'
import { compile, type Statement } from '../../src/db/statement.ts'
import type { TestSql } from './database.ts'

export type Plan = {
  /** Tables of the community that are read from end to end. */
  readonly scanned: string[]
  /** Rows read of the community's tables, those thrown away by a filter included. */
  readonly rowsRead: number
  /** Pages touched. */
  readonly blocks: number
}

/** How PostgreSQL runs a statement with the generic plan a server would keep for it. */
export async function planOf<Params extends Readonly<Record<string, unknown>>, Row>(
  sql: TestSql,
  statement: Statement<Params, Row>,
  values: Params,
): Promise<Plan> {
  const { text, bind } = compile(statement)
  const one = await sql.reserve()
  try {
    await one.unsafe(
      'set plan_cache_mode = force_generic_plan; set enable_seqscan = off; set jit = off',
    )
    const prepared = await prepare((command) => one.unsafe(command), 'planned', text)
    await prepared.run(bind(values))
    const { steps, blocks } = await prepared.plan(bind(values))
    const reads = steps.filter(({ Schema }) => Schema === 'public')
    return {
      scanned: reads
        .filter((step) => step['Node Type'] === 'Seq Scan')
        .map((step) => String(step['Relation Name'])),
      rowsRead: reads.reduce((sum, step) => sum + rowsRead(step), 0),
      blocks,
    }
  } finally {
    await one.unsafe('deallocate all; reset plan_cache_mode; reset enable_seqscan; reset jit')
    one.release()
  }
}
