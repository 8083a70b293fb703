import fc from 'fast-check'
import { beforeAll, describe, expect, it } from 'vitest'
import { type Kind, kindNumber, kinds, kindTable } from '../../../src/db/rollup/kinds.ts'
import { useDatabase } from '../../support/database.ts'
import { insertPost, insertUser } from '../../support/factories.ts'

/** More of them in a soak. */
const runs = Number(process.env.ROLLUP_RUNS ?? 40)

const bucket = '2020-02-29T23:45:00Z'
/** The edges of its quarter-hour, and one instant that most rows share with its neighbours. */
const instant = fc.constantFrom(
  ...['45:00', '50:00', '50:00', '50:00', '50:00.000001', '59:59.999999'].map(
    (time) => `2020-02-29T23:${time}Z`,
  ),
)
const kind = fc.constantFrom<Kind>('comment', 'comment', ...kinds)
const someRows = { kind, modulus: fc.integer({ min: 1, max: 4 }) }
const does = <Name extends string>(...names: Name[]) => fc.constantFrom(...names)
const insert = fc.record({
  does: does('insert'),
  kind,
  at: instant,
  rows: fc.integer({ min: 1, max: 15 }),
})
const change = fc.record({ does: does('end', 'restore', 'delete'), ...someRows })
const flip = fc.record({
  does: does('deactivate', 'promote'),
  ...someRows,
  kind: fc.constant('signup' as const),
})
const move = fc.record({ does: does('move'), at: instant, ...someRows })
const fold = fc.record({ does: does('fold') })
const life = fc.array(fc.oneof(insert, insert, insert, change, flip, move, fold, fold), {
  minLength: 3,
  maxLength: 16,
  size: 'max',
})

describe('the segments of a crowd', () => {
  const database = useDatabase()
  beforeAll(async () => {
    await insertUser(database.sql, { id: -1, created_at: '2020-01-01T00:00:00Z' })
    await insertPost(database.sql, { id: -1, created_at: '2020-01-01T00:00:00Z' })
  })

  it('lead to every row of it, and count from every instant on', async () => {
    const property = fc.asyncProperty(
      fc.integer({ min: 1, max: 4 }),
      life,
      fc.subarray([...kinds], { minLength: 1 }),
      fc.integer({ min: 4, max: 11 }),
      async (size, steps, asked, crowd) => {
        await database.sql.unsafe(`
          delete from sessions; delete from comments; delete from posts where id <> -1; delete from users where id <> -1;
          create or replace function rollup.crowd_size() returns integer language sql immutable parallel safe return ${size};
          select rollup.fold()`)
        for (const step of steps) await database.sql.unsafe(commandOf(step))
        for (const crowds of [numbersOf(asked), [crowd]]) {
          expect(await misplaced(crowds)).toEqual([])
          expect(await miscounted(crowds)).toEqual([])
        }
      },
    )
    await fc.assert(property, { numRuns: runs })
  })

  it('are cut anew where rows gather inside their quarter-hour', async () => {
    await database.sql.unsafe(`
      delete from comments;
      create or replace function rollup.crowd_size() returns integer language sql immutable parallel safe return 5;
      insert into comments (created_at, post_id, body)
      select '${bucket}'::timestamptz + i * interval '1 second', -1, 'c' from generate_series(1, 100) as i;
      select rollup.fold();
      update comments set created_at = '${bucket}';
      select rollup.fold()`)
    const [most] = await database.sql`select max(n)::integer as n from rollup.segments`
    expect(most?.n).toBeLessThanOrEqual(10)
    expect(await misplaced([kindNumber('comment')])).toEqual([])
  })

  it('are left alone by a fold whose snapshot is older than a truncate', async () => {
    const { sql } = database
    const posts = sql`insert into posts (created_at) select ${bucket} from generate_series(1, 2)`
    await sql.unsafe(`
      create or replace function rollup.crowd_size() returns integer language sql immutable parallel safe return 1;
      select rollup.fold(); truncate posts cascade; select rollup.fold()`)
    await posts
    await sql`select rollup.fold()`
    await sql.begin('isolation level repeatable read', async (old) => {
      await old`select from rollup.counts`
      await sql`truncate posts cascade`
      await old`insert into posts (created_at) select ${bucket} from generate_series(1, 2)`
      await old`select rollup.fold()`
    })
    await sql`select rollup.fold()`
    const [summed] = await sql`select sum(n)::integer as n from rollup.segments where kind = 0`
    expect(summed?.n).toBe(2)
  })

  const misplaced = (asked: readonly number[]) => database.sql`
    with ranked as materialized (
      select *, row_number() over (order by created_at, kind desc, id) - 1 as lowest
      from (${database.sql.unsafe(liveRows)}) as live where kind = any (${arrayOf(asked)}::smallint[])
    )
    select sought.* from ranked as sought where lowest is distinct from (
      select lowest from (
        select r.lowest, p.rest, row_number() over (order by r.lowest) - 1 as passed
        from rollup.crowd_position(${arrayOf(asked)}::smallint[], ${bucket}, sought.lowest) as p
          join ranked as r on r.kind = p.kind and (r.created_at, r.id) >= (p.at, p.id)
      ) as found where passed = rest
    )`

  const miscounted = (asked: readonly number[]) => database.sql`
    with live as materialized (${database.sql.unsafe(liveRows)}),
    instants as (
      select distinct created_at + beside * interval '1 microsecond' as since from live, generate_series(-1, 1) as beside
      where created_at + beside * interval '1 microsecond' between ${bucket} and ${bucket}::timestamptz + interval '899.999999 seconds'
    )
    select since, told.* from instants, lateral rollup.crowd_since(${arrayOf(asked)}::smallint[], ${bucket}, since) as told
    where at < since or n <> (
      select count(*) from live where live.kind = told.kind and (live.created_at, live.id) >= (told.at, told.id)
    )`
})

type Step = typeof life extends fc.Arbitrary<(infer One)[]> ? One : never

function commandOf(step: Step): string {
  if (step.does === 'fold') return 'select rollup.fold()'
  const table = kindTable[step.kind].tableName
  if (step.does === 'insert') {
    const { columns, values } = rowOf[step.kind]
    return `insert into ${table} (created_at, ${columns}) select '${step.at}', ${values} from generate_series(1, ${step.rows}) as i`
  }
  const which = `where id % ${step.modulus} = 0 and id <> -1`
  if (step.does === 'deactivate') return `update users set is_active = not is_active ${which}`
  if (step.does === 'promote') return `update users set is_admin = not is_admin ${which}`
  if (step.does === 'delete') return `delete from ${table} ${which}`
  if (step.does === 'move') return `update ${table} set created_at = '${step.at}' ${which}`
  return `update ${table} set deleted_at = ${step.does === 'end' ? 'now()' : 'null'} ${which}`
}

const rowOf: Record<Kind, { columns: string; values: string }> = {
  post: { columns: 'author_id', values: '-1' },
  comment: { columns: 'post_id, body', values: `-1, 'c'` },
  signup: { columns: 'username, is_active, is_admin', values: `'u', i % 3 > 0, i % 4 = 0` },
  session: { columns: 'user_id', values: '-1' },
}

const numbersOf = (asked: Kind[]) => asked.map(kindNumber)
const arrayOf = (asked: readonly number[]) => `{${asked.join()}}`

/** Users by their flags: either, or both together. */
const classes = [true, false, null].flatMap((isActive) =>
  [true, false, null].map((isAdmin) => ({ isActive, isAdmin })),
)
const crowdOf = ({ isActive, isAdmin }: (typeof classes)[number]) =>
  `rollup.user_crowd(${isActive}, ${isAdmin})`

/** Those of the quarter-hour, the plain way. */
const liveRows = [
  ...kinds.map(
    (each) => `select ${kindNumber(each)}::smallint as kind, id, created_at
      from ${kindTable[each].tableName} where deleted_at is null and rollup.quarter(created_at) = '${bucket}'`,
  ),
  ...classes.slice(0, -1).map(
    (each) => `select ${crowdOf(each)}, id, created_at from users
      where deleted_at is null and rollup.quarter(created_at) = '${bucket}'
        and is_active = coalesce(${each.isActive}, is_active) and is_admin = coalesce(${each.isAdmin}, is_admin)`,
  ),
].join(' union all ')
