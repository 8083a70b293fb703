import { vi } from 'vitest'

/**
 * The program's statements and nobody else's, all of them and those that are made at a start: its modules are loaded anew, since
 * the registry of this worker has those of other tests, too.
 */
export async function programStatements() {
  vi.resetModules()
  const { everyStatement } = await import('../../src/server/statements.ts')
  const { statements } = await import('../../src/db/statement.ts')
  return { made: [...statements], all: everyStatement() }
}
