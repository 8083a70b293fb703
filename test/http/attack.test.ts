import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { demo } from '../../src/commands/demo/demo.ts'
import { createTestApp, type TestApp } from '../support/app.ts'
import { answerChecker } from '../support/attack/faults.ts'
import { attacksOn, memory } from '../support/attack/requests.ts'
import { openApiText } from '../support/openapi.ts'

const { document, targets, faultsOf } = answerChecker(await openApiText())
const { fill, learn } = memory()

/** `npm run fuzz` asks more, and something else each time. */
describe('whatever is sent to an operation', () => {
  let app: TestApp
  beforeAll(async () => {
    app = await createTestApp()
    await demo({ databaseUrl: app.url, users: 10, seed: 1, until: new Date('2026-11-21') })
  })
  afterAll(() => app.close())

  it.each(targets)('is answered as the document says: $method $path', async (target) => {
    await fc.assert(
      fc.asyncProperty(attacksOn(target, document), async (attack) => {
        const { url, init } = fill(attack)
        const answer = await app.request(url, init)
        const body = await answer.text()
        learn(answer, body)
        expect(faultsOf(target, answer, body)).toEqual([])
      }),
      { seed: 9, numRuns: 40 },
    )
  })
})
