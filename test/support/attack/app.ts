import { createApp } from '../../../src/app.ts'
import { anyone } from '../../../src/auth/caller.ts'
import { memoryCache } from '../../../src/cache/memory.ts'
import { startCountingViews } from '../../../src/db/views.ts'
import { cursorCodec } from '../../../src/http/paging/cursor.ts'
import { openTestPool } from '../pool.ts'

/** The app as a server has it; `say` is told of what is wrong and no client hears of. */
export function openApp(url: string, say: (line: string) => void) {
  const pool = openTestPool(url, { size: 8 })
  const views = startCountingViews({
    pool,
    onFailed: (error) => say(String(error)),
    onLost: () => {},
  })
  const app = createApp({
    pool: () => pool,
    cursors: cursorCodec(new TextEncoder().encode('a key for the attack alone')),
    requestTimeout: 60_000,
    cache: memoryCache({
      threshold: 5,
      maxSize: 2 ** 24,
      onRefreshFailed: (name, error) => say(`${name}: ${error}`),
    }),
    observe: (observation) => observation.type === 'error' && say(String(observation.error)),
    runtime: 'node',
    keepAlive: () => {},
    isReady: () => true,
    callerOf: () => anyone,
    countView: (_, postId) => views.count(postId),
  })
  const close = async () => {
    await views.stop()
    await pool.close()
  }
  return { app, pool, close }
}
