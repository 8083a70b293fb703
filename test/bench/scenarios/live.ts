import { setTimeout as pause } from 'node:timers/promises'
import postgres from 'postgres'
import { timed } from '../http-load.ts'

/** ms from one to the next. */
const interval = 20

export type Live = {
  /** @returns the longest wait of either, in ms */
  readonly stop: () => Promise<{ readonly write: number; readonly read: number }>
}

/** Somebody writes single rows into a database and somebody reads a URL, again and again. */
export async function goOnLiving(databaseUrl: string, url: string): Promise<Live> {
  const sql = postgres(databaseUrl, { max: 1 })
  let isOver = false
  // Its ids lie past those that are to come.
  await sql`select setval('users_id_seq', 2000000000), setval('sessions_id_seq', 2000000000)`
  const [user] = await sql<{ id: number }[]>`
    insert into users (username) values ('live') returning id`
  const write = () => sql`insert into sessions (user_id) values (${user?.id ?? 0})`
  const read = () => timed(url)

  async function again(what: () => PromiseLike<unknown>): Promise<number> {
    let longest = 0
    await what()
    while (!isOver) {
      const begun = performance.now()
      await what()
      longest = Math.max(longest, performance.now() - begun)
      await pause(interval)
    }
    return longest
  }
  const longest = Promise.all([again(write), again(read)])
  longest.catch(() => {})
  return {
    async stop() {
      isOver = true
      const [write, read] = await longest.finally(() => sql.end())
      return { write, read }
    },
  }
}
