import { expect, it } from 'vitest'
import { readiness } from '../../src/edge/readiness.ts'
import { createTestApp, type TestApp } from '../support/app.ts'

const statements = ({ observed }: TestApp) =>
  observed.filter((each) => each.type === 'database' && each.event.type === 'statement')

it('asks the database once, however many want to know', async () => {
  const app = await createTestApp({ services: { isReady: readiness() } })
  const first = await app.request('/readyz')
  const answers = await Promise.all(Array.from({ length: 20 }, () => app.request('/readyz')))
  expect([first, ...answers].map(({ status }) => status)).toEqual(Array(21).fill(200))
  expect(statements(app)).toHaveLength(2)
  await app.close()
})

it('is not ready while it waits to know for the first time', async () => {
  const app = await createTestApp({ services: { isReady: readiness() } })
  const answers = await Promise.all([app.request('/readyz'), app.request('/readyz')])
  expect(answers.map(({ status }) => status)).toEqual([200, 503])
  await app.close()
})

it.each([
  ['lost its rollups', 'drop schema rollup cascade', /it has no rollup\.active_users/],
  ['is older', 'drop function rollup.crowd_size cascade', /it has no rollup\.crowd_size\(\)/],
])('is not ready on a database that %s, and observes why', async (_, damage, reason) => {
  const app = await createTestApp({ services: { isReady: readiness() } })
  await app.sql.unsafe(damage)
  expect((await app.request('/readyz')).status).toBe(503)
  const [unfit] = app.observed.filter((each) => each.type === 'watcher')
  expect(unfit?.state).toBe('unfit')
  expect(String(unfit?.error)).toMatch(reason)
  await app.close()
})
