import { sql } from 'drizzle-orm'
import type { Pool } from './database.ts'
import { posts, postViews } from './schema.ts'
import { statement } from './statement.ts'

type Views = {
  readonly viewedIds: readonly number[]
  /** How often each was viewed. */
  readonly views: readonly number[]
}

/**
 * By id, so that two that flush at once wait for each other and do not deadlock. What is no post is passed over; a deleted one
 * is counted, for it may come back.
 */
const addViews = statement<Views, never>(
  'add_views',
  { reads: [] },
  (_, { viewedIds, views }) => sql`
    insert into ${postViews} (post_id, n)
    select ${posts.id}, viewed.n
    from unnest(${viewedIds}::bigint[], ${views}::bigint[]) as viewed (id, n) join ${posts} on ${posts.id} = viewed.id
    order by ${posts.id}
    on conflict (post_id) do update set n = ${postViews.n} + excluded.n`,
)

/** ms that a flush may take, waiting for a connection and for locks included. */
const flushTimeout = 10_000
/** Rows of a statement. */
const mostAtOnce = 10_000
/** Posts that views are kept of while they cannot be written: some 10 MB. */
const mostKept = 100_000
export type ViewCounter = {
  /** Returns at once: the view is written with the next flush. */
  readonly count: (postId: number) => void
  /** Resolves once what waits is written, or that failed. */
  readonly stop: () => Promise<void>
}

export type ViewCounterOptions = {
  readonly pool: Pool
  /** ms from the first view that waits to the flush; what came in it is lost with the process. */
  readonly interval?: number
  /** Called with why views cannot be written, once until they can be; those views wait for the next flush. */
  readonly onFailed: (error: unknown) => void
  /** Called with how many views found no room while others waited, or wait for ever. */
  readonly onLost: (views: number) => void
}

/** Counts views in memory, and writes them every 2 s: a post that everybody views is one row of one statement. */
export function startCountingViews({
  pool,
  interval = 2_000,
  onFailed,
  onLost,
}: ViewCounterOptions): ViewCounter {
  let waiting = new Map<number, number>()
  let lost = 0
  let isFailing = false
  let timer: ReturnType<typeof setTimeout> | undefined
  let flushing: Promise<void> | undefined

  function add(postId: number, views: number) {
    const known = waiting.get(postId)
    if (known === undefined && waiting.size >= mostKept) lost += views
    else waiting.set(postId, (known ?? 0) + views)
  }

  async function flush(): Promise<void> {
    const taken = [...waiting]
    waiting = new Map()
    try {
      while (taken.length > 0) {
        await write(pool, taken.slice(0, mostAtOnce))
        taken.splice(0, mostAtOnce)
      }
      isFailing = false
    } catch (error) {
      for (const [postId, views] of taken) add(postId, views)
      if (!isFailing) onFailed(error)
      isFailing = true
    }
    if (lost > 0) onLost(lost)
    lost = 0
  }

  /** One after the other, and none while nothing waits. */
  function flushLater() {
    timer ??= setTimeout(async () => {
      flushing = flush()
      await flushing
      timer = undefined
      if (waiting.size > 0) flushLater()
    }, interval)
  }

  return {
    count(postId) {
      add(postId, 1)
      flushLater()
    },
    async stop() {
      clearTimeout(timer)
      await flushing
      await flush()
      const left = [...waiting.values()].reduce((sum, views) => sum + views, 0)
      if (left > 0) onLost(left)
    },
  }
}

/** One view, by whoever has no memory to count in. */
export const writeView = (pool: Pool, postId: number): Promise<void> => write(pool, [[postId, 1]])

async function write(pool: Pool, viewed: readonly (readonly [id: number, n: number])[]) {
  const values = { viewedIds: viewed.map(([id]) => id), views: viewed.map(([, n]) => n) }
  await pool.transaction({ access: 'read write', deadline: flushTimeout }, (db) =>
    db.run(addViews, values),
  )
}
