import type { Bulk } from '../../db/bulk/bulk.ts'
import { removeDemos } from '../demo/clear.ts'
import type { DemoCounts } from '../demo/counts.ts'
import { holdTables } from '../demo/ids.ts'
import { demosIn, forgetDemos } from '../demo/remembered.ts'
import { ImportError } from './error.ts'

type Sql = Bulk['sql']

/** Invented rows would take the ids of real ones, and their authors. */
export const demoRefusal =
  'This database holds a demo community, which real rows do not mix with: --replace removes it and imports in its place.'

/**
 * Inside a transaction that imports, before its first row, and once more after its last: a demo that was committed in
 * between is seen then, and any later one waits for the import, and finds it.
 * @throws ImportError when there is a demo community
 */
export async function refuseDemo(sql: Sql): Promise<undefined> {
  if ((await demosIn(sql)).length > 0) throw new ImportError(demoRefusal)
  await forgetDemos(sql)
}

/** Removes the demo community inside a transaction that imports: others' writes wait from here on, reads do not. */
export async function replaceDemo(
  sql: Sql,
  note: (text: string) => void,
): Promise<DemoCounts | undefined> {
  await holdTables(sql, note)
  return removeDemos(sql, { force: false, note })
}
