import { expect, it, onTestFinished } from 'vitest'
import { expiredIdempotencyKeys } from '../../../src/jobs/kinds/expired-idempotency-keys.ts'
import { useDatabase } from '../../support/database.ts'
import { settings } from '../../support/jobs.ts'
import { openTestPool } from '../../support/pool.ts'

const database = useDatabase()

it('deletes what was answered 24 hours ago, and nothing younger', async () => {
  const pool = openTestPool(database.url)
  onTestFinished(pool.close)
  await database.sql`
    insert into shopboard.idempotency_keys (call, fingerprint, created_at, status, headers)
    select sha256(i::text::bytea), 'f', now() + interval '30 seconds' - i * interval '1 minute', 201, '{}' from generate_series(1, 3000) as i`
  const { signal } = new AbortController()
  const job = { id: 1, params: {}, pool, signal, settings, progress: () => {} }
  expect(await expiredIdempotencyKeys.work(job)).toEqual({ rows: 3000 - 1440 })
})
