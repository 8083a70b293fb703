import { expectFit, isUnfit } from '../db/access.ts'
import type { Pool } from '../db/database.ts'
import { keysVersion } from '../db/keys.ts'
import { kinds, kindTable, type TableName, tableNames } from '../db/rollup/kinds.ts'
import { currentVersions } from '../db/rollup/tables.ts'
import { statement } from '../db/statement.ts'
import type { Cache } from './cache.ts'

export type Watcher = {
  /** Whether the last poll succeeded; false before the first. */
  isUp(): boolean
  stop(): Promise<void>
}

/** `unfit`: it answers, but its schema is not there, or not to be read. */
export type DatabaseState = 'up' | 'down' | 'unfit'

export type WatcherOptions = {
  readonly pool: Pool
  readonly cache: Cache
  /** What is remembered of keys; none where nobody has to show one. */
  readonly keys?: { forget(): void; validate(instant: number): void } | undefined
  /** ms from one poll to the next. */
  readonly interval?: number
  /** Called when polling starts to fail, also at the first poll, fails otherwise, and works again. */
  readonly onChange?: (state: DatabaseState, error?: unknown) => void
}

/** ms a poll may take. */
const pollTimeout = 1000

/** The number of write statements each table has seen, by anyone. */
export const tableVersions = statement('table_versions', { reads: tableNames }, (db) =>
  db.select({ kind: currentVersions.kind, n: currentVersions.n }).from(currentVersions),
)

/** Polls the versions of the tables and invalidates what anyone wrote, what is remembered of keys too, at most `interval` and the time of a poll after the commit. */
export function watchTables(options: WatcherOptions): Watcher {
  const { pool, cache, keys, interval = 1000, onChange } = options
  const known = new Map<TableName, number>()
  const stopping = new AbortController()
  let knownKeys: string | undefined
  let state: DatabaseState | undefined
  let timer: ReturnType<typeof setTimeout> | undefined

  async function poll() {
    const startedAt = performance.now()
    try {
      const read = await pool.transaction(
        { access: 'read only', deadline: pollTimeout, signal: stopping.signal },
        async (db) => {
          const [, versions, [ofKeys]] = await Promise.all([
            expectFit(db),
            db.run(tableVersions),
            keys ? db.run(keysVersion) : [],
          ])
          return { versions, ofKeys }
        },
      )
      if (knownKeys !== read.ofKeys?.version) keys?.forget()
      knownKeys = read.ofKeys?.version
      keys?.validate(startedAt)
      const changed = read.versions.flatMap(({ kind, n }) => {
        const table = tableOfNumber(kind)
        if (!table || known.get(table) === n) return []
        known.set(table, n)
        return [table]
      })
      cache.invalidate(changed)
      cache.validate(startedAt)
      setState('up')
    } catch (error) {
      if (!stopping.signal.aborted) setState(isUnfit(error) ? 'unfit' : 'down', error)
    }
    const next = Math.max(0, startedAt + interval - performance.now())
    if (!stopping.signal.aborted) timer = setTimeout(again, next)
  }

  function setState(next: DatabaseState, error?: unknown) {
    if (state === next) return
    const isExpected = state === undefined && next === 'up'
    state = next
    if (!isExpected) onChange?.(next, error)
  }

  let polling = poll()
  const again = () => {
    polling = poll()
  }
  return {
    isUp: () => state === 'up',
    async stop() {
      stopping.abort()
      clearTimeout(timer)
      await polling
    },
  }
}

function tableOfNumber(number: number): TableName | undefined {
  const kind = kinds[number]
  return kind && kindTable[kind].tableName
}
