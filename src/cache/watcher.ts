import type { Connections } from '../db/database.ts'
import { currentVersions, kinds, type TableName, tableOf } from '../db/rollup/tables.ts'
import { statement } from '../db/statement.ts'
import type { Cache } from './cache.ts'

export type Watcher = {
  /** Whether the last look at the database succeeded; false before the first. */
  isSeeing(): boolean
  stop(): Promise<void>
}

export type WatcherOptions = {
  readonly connections: Connections
  readonly cache: Cache
  /** ms from one look to the next. */
  readonly interval?: number
  /** Called when looking starts to fail and when it works again. */
  readonly onChange?: (state: 'seeing' | 'blind', error?: unknown) => void
}

/** ms a look may take. */
const patience = 1000

/** How many write statements each table has seen, by anyone. */
export const tableVersions = statement('table_versions', (db) =>
  db.select({ kind: currentVersions.kind, n: currentVersions.n }).from(currentVersions),
)

/** Tells the cache which tables were written, by whomever, at most `interval` and the time of a look after the commit. */
export function watchTables(options: WatcherOptions): Watcher {
  const { connections, cache, interval = 1000, onChange } = options
  const seen = new Map<TableName, number>()
  const stopping = new AbortController()
  let state: 'seeing' | 'blind' | undefined
  let timer: ReturnType<typeof setTimeout> | undefined

  async function look() {
    const startedAt = performance.now()
    try {
      const versions = await connections.transaction(
        { access: 'read only', deadline: patience, signal: stopping.signal },
        (db) => db.run(tableVersions),
      )
      const moved = versions.flatMap(({ kind, n }) => {
        const table = tableNamed(kind)
        if (!table || seen.get(table) === n) return []
        seen.set(table, n)
        return [table]
      })
      cache.drop(moved)
      cache.confirm(startedAt)
      become('seeing')
    } catch (error) {
      if (!stopping.signal.aborted) become('blind', error)
    }
    const next = Math.max(0, startedAt + interval - performance.now())
    if (!stopping.signal.aborted) timer = setTimeout(again, next)
  }

  function become(next: 'seeing' | 'blind', error?: unknown) {
    if (state === next) return
    state = next
    onChange?.(next, error)
  }

  let looking = look()
  const again = () => {
    looking = look()
  }
  return {
    isSeeing: () => state === 'seeing',
    async stop() {
      stopping.abort()
      clearTimeout(timer)
      await looking
    },
  }
}

function tableNamed(number: number): TableName | undefined {
  const kind = kinds[number]
  return kind && tableOf[kind]
}
