import { execFile, spawnSync } from 'node:child_process'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { demo } from '../src/commands/demo/demo.ts'
import { hostNames } from '../src/http/host.ts'
import { listen } from '../src/server/listen.ts'
import { createTestApp } from './support/app.ts'
import { read, type Step, sectionOf, stepsOf } from './support/documents.ts'

const hasCurl = spawnSync('curl', ['--version']).status === 0

describe.skipIf(!hasCurl)('the tour with curl (skipped where there is no curl)', () => {
  const steps = stepsOf(sectionOf(read('README.md'), 'A tour with curl'))
  /** Variables that earlier lines set. */
  const assignments = steps.filter(({ command }) => /^\w+=/.test(command))
  const asking = steps.filter((step) => !assignments.includes(step))
  let url = ''
  let stop = async () => {}
  beforeAll(async () => {
    const app = await createTestApp()
    await demo({ databaseUrl: app.url, users: 300 })
    const names = hostNames('127.0.0.1', undefined)
    const server = await listen(app.app.fetch, { host: '127.0.0.1', port: 0, names })
    url = server.url
    stop = async () => {
      await server.drain(0)
      await app.close()
    }
  })
  afterAll(() => stop())

  /** Types the line into a shell, after the lines before it that set variables. */
  const type = (step: Step) =>
    new Promise<string>((resolve, reject) => {
      const before = steps
        .slice(0, steps.indexOf(step))
        .filter((each) => assignments.includes(each))
      const lines = [...before, step].map(({ command }) => command).join('\n')
      const program = lines.replaceAll('localhost:3000', new URL(url).host)
      execFile('sh', ['-c', program], (error, stdout) => (error ? reject(error) : resolve(stdout)))
    })

  it.each(asking)('answers as shown: $command', async (step) => {
    const answer = JSON.parse((await type(step)) || '{}')
    if (step.answer === '') return expect(answer).not.toHaveProperty('code')
    const shown = JSON.parse(step.answer)
    if (shown.code === undefined) return expect(shapeOf(answer)).toEqual(shapeOf(shown))
    expect(answer).toEqual({ ...shown, requestId: expect.any(String) })
  })

  it.each([
    ['active-users', 30],
    ['trends', 12],
  ])('shows as much of %s as the line above it says', async (route, count) => {
    const step = asking.find(({ command }) => command.includes(route))
    if (!step) throw new Error(`The tour has no line with ${route}`)
    expect(JSON.parse(await type(step)).items).toHaveLength(count)
  })

  it('shows the page behind the first one by its cursor', async () => {
    const byCursor = asking.find(({ command }) => command.includes('$cursor'))
    if (!byCursor) throw new Error('The tour has no line with a cursor')
    const { items, metadata } = JSON.parse(await type(byCursor))
    const secondPage = await fetch(`${url}/api/v1/activity?kind=post,comment&pageSize=1&page=2`)
    expect(metadata.strategy).toBe('cursor')
    expect(items).toEqual((await secondPage.json()).items)
  })
})

/** Names and types; of a list those of its first item. */
function shapeOf(value: unknown): unknown {
  if (Array.isArray(value)) return value.slice(0, 1).map(shapeOf)
  if (typeof value !== 'object' || value === null) return value === null ? null : typeof value
  return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, shapeOf(each)]))
}
