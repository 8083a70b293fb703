import { expect, it } from 'vitest'
import { readiness } from '../../src/edge/readiness.ts'
import { createTestApp, type TestApp } from '../support/app.ts'

const statements = ({ observed }: TestApp) =>
  observed.flatMap((each) =>
    each.type === 'database' && each.event.type === 'statement' ? [each.event.name] : [],
  )

it('asks the database once, however many want to know', async () => {
  const app = await createTestApp({ services: { isReady: readiness() } })
  const first = await app.request('/readyz')
  const answers = await Promise.all(Array.from({ length: 20 }, () => app.request('/readyz')))
  expect([first, ...answers].map(({ status }) => status)).toEqual(Array(21).fill(200))
  expect(statements(app)).toEqual(['find_journal', 'last_migration', 'access', 'absences'])
  await app.close()
})

it('is not ready while it waits to know for the first time', async () => {
  const app = await createTestApp({ services: { isReady: readiness() } })
  const answers = await Promise.all([app.request('/readyz'), app.request('/readyz')])
  expect(answers.map(({ status }) => status)).toEqual([200, 503])
  await app.close()
})

it.each([
  ['was never migrated', 'drop schema drizzle cascade', /it is not migrated/],
  [
    'is older than the program',
    'delete from drizzle.__drizzle_migrations where created_at > (select min(created_at) from drizzle.__drizzle_migrations)',
    /its schema is older/,
  ],
  ['lost its rollups', 'drop schema rollup cascade', /it has no rollup\.active_users/],
  ['lost a function', 'drop function rollup.crowd_size cascade', /rollup\.crowd_size\(\)/],
])('is not ready on a database that %s, and observes why', async (_, change, why) => {
  const app = await createTestApp({ services: { isReady: readiness() } })
  await app.sql.unsafe(change)
  expect((await app.request('/readyz')).status).toBe(503)
  const down = app.observed.find(({ type }) => type === 'watcher')
  expect(down).toMatchObject({ state: 'unfit', error: { message: expect.stringMatching(why) } })
  await app.close()
})
