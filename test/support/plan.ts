import { compile, type Statement } from '../../src/db/statement.ts'
import type { TestSql } from './database.ts'

type Node = {
  'Node Type': string
  'Relation Name'?: string
  Schema?: string
  'Actual Rows': number
  'Actual Loops': number
  'Rows Removed by Filter'?: number
  'Rows Removed by Index Recheck'?: number
  Plans?: Node[]
}
type Explained = [
  {
    'QUERY PLAN': [{ Plan: Node & { 'Shared Hit Blocks': number; 'Shared Read Blocks': number } }]
  },
]

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
    await one.unsafe(`prepare planned as ${text}`)
    const bound = bind(values).map(literal).join(', ')
    const execution = bound === '' ? 'planned' : `planned(${bound})`
    // the first run warms what PostgreSQL caches of its own catalog
    await one.unsafe(`execute ${execution}`)
    const [row] = await one.unsafe<Explained>(
      `explain (analyze, buffers, verbose, timing off, format json) execute ${execution}`,
    )
    const { Plan } = row['QUERY PLAN'][0]
    const reads = nodesOf(Plan).filter(({ Schema }) => Schema === 'public')
    return {
      scanned: reads
        .filter((node) => node['Node Type'] === 'Seq Scan')
        .map((node) => String(node['Relation Name'])),
      rowsRead: reads.reduce((sum, node) => sum + rowsOf(node), 0),
      blocks: Plan['Shared Hit Blocks'] + Plan['Shared Read Blocks'],
    }
  } finally {
    await one.unsafe('deallocate all; reset plan_cache_mode; reset enable_seqscan; reset jit')
    one.release()
  }
}

/** An index read from end to end is a scan too: what counts is how many rows came by. */
const rowsOf = (node: Node) =>
  node['Actual Loops'] *
  (node['Actual Rows'] +
    (node['Rows Removed by Filter'] ?? 0) +
    (node['Rows Removed by Index Recheck'] ?? 0))

const nodesOf = (node: Node): Node[] => [node, ...(node.Plans ?? []).flatMap(nodesOf)]

const literal = (value: unknown): string =>
  value === null ? 'null' : `'${String(value).replaceAll("'", "''")}'`
