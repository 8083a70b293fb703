import { expect, it, onTestFinished } from 'vitest'
import { foldRollups } from '../../../src/jobs/kinds/fold.ts'
import { useDatabase } from '../../support/database.ts'
import { insertUser } from '../../support/factories.ts'
import { settings } from '../../support/jobs.ts'
import { openTestPool } from '../../support/pool.ts'

const database = useDatabase()

it('folds what is pending, and says how much that was', async () => {
  const pool = openTestPool(database.url)
  onTestFinished(pool.close)
  for (let i = 0; i < 3; i++) await insertUser(database.sql)
  const { signal } = new AbortController()
  const job = { id: 1, params: {}, pool, signal, settings, progress: () => {} }
  expect(await foldRollups.work(job)).toEqual({ rows: 3 })
  expect(await foldRollups.work(job)).toEqual({ rows: 0 })
})
