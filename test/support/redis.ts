import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { connect } from 'node:net'
import { vi } from 'vitest'
import { freePort } from './debian.ts'

const program = '/usr/bin/redis-server'

/** Why tests that need it are skipped; undefined where it is there. */
export const withoutRedis = existsSync(program) ? undefined : `there is no ${program}`

export type RedisServer = {
  readonly url: string
  /** Keeps its connections and answers nothing more. */
  readonly hang: () => void
  readonly wake: () => void
  /** Ends it at once, with all it knows. */
  readonly kill: () => Promise<void>
  /** Starts it anew on the same port. */
  readonly start: () => Promise<void>
}

/** Debian's Redis, in memory alone. */
export async function startRedis(): Promise<RedisServer> {
  const port = await freePort()
  const args = ['--port', String(port), '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no']
  let running: ChildProcess | undefined
  const start = async () => {
    running = spawn(program, args, { stdio: 'ignore', cwd: '/' })
    await vi.waitUntil(() => accepts(port), { timeout: 60_000 })
  }
  // a test run that is broken off leaves none behind
  process.once('exit', () => running?.kill('SIGKILL'))
  await start()
  return {
    url: `redis://127.0.0.1:${port}/0`,
    hang: () => running?.kill('SIGSTOP'),
    wake: () => running?.kill('SIGCONT'),
    async kill() {
      if (!running || running.exitCode !== null || running.signalCode !== null) return
      const ended = once(running, 'exit')
      running.kill('SIGKILL')
      await ended
    },
    start,
  }
}

const accepts = (port: number) =>
  new Promise<boolean>((resolve) => {
    const socket = connect(port, '127.0.0.1', () => {
      socket.destroy()
      resolve(true)
    })
    socket.on('error', () => resolve(false))
  })
