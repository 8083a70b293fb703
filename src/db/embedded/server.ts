import { rmSync } from 'node:fs'
import { initialise } from './cluster.ts'
import { holdServer, type ServerEvent } from './hold.ts'
import { openInstallation } from './install.ts'
import { launchWatchdog, type Settings } from './launch.ts'
import type { StopMode } from './share.ts'

export type EmbeddedOptions = {
  /** Holds the data and the log; made when missing. */
  readonly dir: string
  /** False gives a server for tests: nothing is synced to disk, and `dir` is removed with it. */
  readonly durable?: boolean
  /** Take precedence over Shopboard's own. */
  readonly settings?: Settings
  /** Called with what befalls the server before `stop`. */
  readonly on?: (event: ServerEvent) => void
}
export type Embedded = {
  readonly url: (database?: string) => string
  /** Where the data is: not in the directory asked for when root's server could not reach that. */
  readonly dir: string
  /** Another process started it. */
  readonly wasRunning: boolean
  /** Another one after a restart. */
  readonly pid: number
  /** Releases the server; it stops unless another process still uses it. */
  readonly stop: (mode?: StopMode) => Promise<void>
}

/**
 * Starts the bundled PostgreSQL on the data in `dir`, or joins the one that already runs there. When it ends too
 * early, those who use it bring it back on the same port. It is stopped with the last process that uses it, even
 * one that is killed.
 * @throws a plain sentence that says what stands in the way, or who holds the data
 */
export async function startEmbedded(options: EmbeddedOptions): Promise<Embedded> {
  const installation = openInstallation(options.dir)
  const isThrowaway = options.durable === false
  await initialise(installation, isThrowaway)
  const watchdog = launchWatchdog(installation, isThrowaway)
  const usesServer = (pid: number | undefined) => watchdog.stdin?.write(`${pid ?? ''}\n`)
  try {
    const server = await holdServer(installation, {
      isThrowaway,
      ...(options.settings && { settings: options.settings }),
      on(event) {
        usesServer(event.type === 'restarted' ? event.pid : undefined)
        options.on?.(event)
      },
    })
    usesServer(server.pid())
    return {
      url: server.url,
      dir: installation.dir,
      wasRunning: server.wasRunning,
      get pid() {
        return server.pid()
      },
      async stop(mode = 'fast') {
        const released = await server.release(mode)
        if (released === 'lost') return void watchdog.stdin?.end()
        watchdog.kill('SIGKILL')
        if (released === 'stopped' && isThrowaway)
          rmSync(installation.dir, { recursive: true, force: true })
      },
    }
  } catch (error) {
    watchdog.stdin?.end() // It stops what was launched, if anything was.
    throw error
  }
}
