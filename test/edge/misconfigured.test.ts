import { expect, it, vi } from 'vitest'
import worker from '../../src/worker.ts'

const execution = { waitUntil: () => {}, passThroughOnException: () => {}, props: {} }
const ask = (env: Record<string, unknown>, init?: RequestInit) =>
  worker.fetch(new Request('http://edge.example/livez', init), env, execution)

it('answers with a problem that tells the client nothing, and logs every fault once', async () => {
  const logged = vi.spyOn(console, 'error').mockImplementation(() => {})
  const env = { CURSOR_SECRET: 'too short', STATEMENT_TIMEOUT: 7 }
  const answers = [await ask(env), await ask(env), await ask(env, { method: 'HEAD' })]
  expect(answers.map(({ status }) => status)).toEqual([500, 500, 500])
  expect(answers[0]?.headers.get('x-request-id')).toMatch(/^[\w-]{36}$/)
  const [text, , head] = await Promise.all(answers.map((each) => each.text()))
  expect(text).not.toMatch(/HYPERDRIVE|SECRET|wrangler/)
  expect(head).toBe('')

  expect(logged).toHaveBeenCalledTimes(1)
  const line = String(logged.mock.calls[0]?.[0])
  const { fault } = JSON.parse(line)
  expect(fault.split('\n')).toEqual([
    expect.stringMatching(/^HYPERDRIVE should be bound: .*wrangler hyperdrive create/),
    expect.stringMatching(/^STATEMENT_TIMEOUT should be a whole number/),
    expect.stringMatching(/^CURSOR_SECRET should be at least 32 characters$/),
  ])
  expect(line).not.toContain('too short')
  logged.mockRestore()
})
