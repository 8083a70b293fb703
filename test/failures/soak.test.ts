import { expect, it } from 'vitest'
import { useDatabase } from '../support/database.ts'
import { soak } from '../support/soak.ts'

const database = useDatabase()

it('keeps its promises while one fault after the other befalls the database under load', async () => {
  const promised = { recovery: 30_000, leeway: 30_000 }
  const { violations, answers } = await soak({
    url: database.url,
    duration: 4_000,
    seed: 7,
    promised,
  })
  expect(violations).toEqual([])
  expect(answers).toMatchObject({ 200: expect.any(Number), 201: expect.any(Number) })
})
