import { setTimeout } from 'node:timers/promises'
import type { Bulk } from '../../db/bulk/bulk.ts'
import { holdersOfTables } from '../../db/bulk/lock-holders.ts'
import { sqlStateOf } from '../../errors/postgres.ts'
import type { DemoCounts } from './counts.ts'
import { DemoError } from './error.ts'
import { demosIn, forgetDemos } from './remembered.ts'

type Sql = Bulk['sql']

const tables = ['users', 'posts', 'comments', 'sessions'] as const

const lockTables = (sql: Sql) =>
  sql`lock table public.users, public.posts, public.comments, public.sessions in share row exclusive mode`

/** ms that writers may wait behind the lock, and ms and times it is asked for again. */
const lockTimeout = 100
const pause = 400
const attempts = 100

/** ms that writers wait behind one of these tries, and ms and times it is asked for again. */
const holding = { lockTimeout: 1000, pause: 1000, attempts: 60 }

/**
 * Nobody else writes to the tables any more until the transaction ends; everybody reads. `note` hears who is waited for.
 * @throws DemoError when others hold them for two minutes
 */
export async function holdTables(sql: Sql, note: (text: string) => void = () => {}): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    await sql`savepoint hold`
    try {
      await sql`select set_config('lock_timeout', ${holding.lockTimeout}::text, true)`
      await lockTables(sql)
      await sql`select set_config('lock_timeout', '0', true)`
      await sql`release hold`
      return
    } catch (error) {
      if (sqlStateOf(error) !== '55P03') throw error
      await sql`rollback to hold`
      await sql`release hold`
      const holders = (await holdersOfTables(sql)) || 'somebody'
      if (attempt === 1) note(`Waiting for others to end their transactions: ${holders}.`)
      if (attempt === holding.attempts)
        throw new DemoError(`Others keep their transactions open: ${holders}.`, { cause: error })
    }
    await setTimeout(holding.pause)
  }
}

/**
 * Locks the tables until the transaction ends, and takes the first ids: nobody else writes meanwhile.
 * @throws DemoError when one holds a row, or others hold the tables
 */
export async function takeEmptyTables(
  sql: Sql,
  counts: DemoCounts,
  note?: (text: string) => void,
): Promise<DemoCounts> {
  await holdTables(sql, note)
  const [found] = await sql<{ isAny: boolean }[]>`
    select exists (select from public.users) or exists (select from public.posts)
      or exists (select from public.comments) or exists (select from public.sessions) as "isAny"`
  if (found?.isAny) {
    throw new DemoError(
      (await demosIn(sql)).length > 0
        ? 'This database holds a demo community already: --clear removes it, --append adds another.'
        : 'This database holds a community already. To add a demo community to it: --append.',
    )
  }
  await forgetDemos(sql)
  for (const table of tables) {
    await sql`
      select setval(sequence, greatest(coalesce(pg_sequence_last_value(sequence), 0), ${counts[table]}::bigint))
      from (select pg_get_serial_sequence(${`public.${table}`}, 'id')::regclass as sequence) as s`
  }
  return { users: 0, posts: 0, comments: 0, sessions: 0 }
}

/**
 * Takes so many ids past those there are, and returns the last ones before them. Writers stand still for a moment, so that
 * none is given one; sequences are not transactional: a failure leaves a gap.
 */
export async function reserveIds(sql: Sql, counts: DemoCounts): Promise<DemoCounts> {
  for (let attempt = 1; ; attempt++) {
    await sql`savepoint ids`
    try {
      await sql`select set_config('lock_timeout', ${lockTimeout}::text, true)`
      await lockTables(sql)
      return await moveSequences(sql, counts)
    } catch (error) {
      if (sqlStateOf(error) !== '55P03') throw error
      if (attempt === attempts) {
        throw new DemoError('Others keep writing long transactions here: try again later.', {
          cause: error,
        })
      }
    } finally {
      await sql`rollback to ids`
      await sql`release ids`
    }
    await setTimeout(pause)
  }
}

async function moveSequences(sql: Sql, counts: DemoCounts): Promise<DemoCounts> {
  const last = { ...counts }
  for (const table of tables) {
    const [moved] = await sql<{ last: number }[]>`
      select last::float8, setval(sequence, last + ${counts[table]}::bigint)
      from
        (select pg_get_serial_sequence(${`public.${table}`}, 'id')::regclass as sequence) as s,
        lateral (
          select greatest((select max(id) from ${sql(`public.${table}`)}), pg_sequence_last_value(sequence), 0) as last
        ) as l`
    if (!moved) throw new DemoError('The database does not answer.')
    last[table] = moved.last
  }
  return last
}
