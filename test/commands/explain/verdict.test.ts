import { beforeAll, describe, expect, it } from 'vitest'
import { findingsIn, worstOf } from '../../../src/commands/explain/verdict.ts'
import { prepare } from '../../../src/db/plan.ts'
import { useDatabase } from '../../support/database.ts'

describe('the verdict on a plan', () => {
  const database = useDatabase()
  beforeAll(async () => {
    await database.sql`create table things (id bigint primary key, title text, body text)`
    await database.sql`insert into things select i, 'Title ' || i, repeat(md5(i::text), 10) from generate_series(1, 60000) as i`
    await database.sql`vacuum analyze things`
  })

  async function findings(text: string, isRun = true) {
    const one = await database.sql.reserve()
    try {
      await one.unsafe("begin; set local enable_seqscan = off; set local work_mem = '1MB'")
      const prepared = await prepare((command) => one.unsafe(command), 'one', text)
      return findingsIn(await prepared.plan([], isRun))
    } finally {
      await one.unsafe('rollback; deallocate all')
      one.release()
    }
  }

  it.each([
    ['select id from things order by id limit 20', []],
    ['select count(*) from things where body = $$x$$', ['scans']],
    ['select title from things where id > 0 and body = $$x$$ order by id limit 20', ['scans']],
    ['select count(id) from things where id > 0', ['scans']],
    ['select id from things where id <= 10000 order by title limit 20', []],
    ['select id from things where id <= 11000 order by title limit 20', ['sorts']],
    ['select id, body from things where id <= 11000 order by body', ['spills', 'sorts']],
    ['select relname from pg_class where relpages >= 0', []],
    ['select body from things where id < 0 and body = $$x$$', []],
  ])('of %s is %j', async (text, verdicts) => {
    const found = await findings(text)
    expect(found.map(({ verdict }) => verdict)).toEqual(verdicts)
    expect(worstOf(found)).toBe(verdicts[0] ?? 'uses its index')
  })

  it('takes what is not folded yet for no fault', async () => {
    await database.sql`insert into posts (title) select 'x' from generate_series(1, 21000)`
    await database.sql`analyze rollup.deltas`
    expect(await findings('select count(*) from rollup.pending where kind = 3')).toEqual([])
  })

  it('tells a scan without running it', async () => {
    expect(await findings('select count(*) from things where body = $$x$$', false)).toEqual([
      { verdict: 'scans', because: 'reads the table things from end to end' },
    ])
  })

  it('tells how much was read for how little', async () => {
    const text = 'select id from things where id > 0 and body = $$x$$ order by id limit 20'
    expect(await findings(text)).toEqual([
      { verdict: 'scans', because: 'reads 60,000 rows by things_pkey for 0' },
    ])
  })
})
