import { describe, expect, it } from 'vitest'
import { usePool } from '../../support/pool-test.ts'
import { addUser, fails, one } from '../../support/statements.ts'

const test = usePool()
const { request, countUsersNamed } = test

describe('afterCommit', () => {
  it('calls back once the write is committed and the connection released, in order', async () => {
    const { db, commit } = request('read write')
    await db.run(addUser, { username: 'kept' })
    const seen: unknown[] = []
    db.afterCommit(async () => {
      seen.push(await countUsersNamed('kept'), test.pool.stats().inUse)
    })
    db.afterCommit(() => void seen.push('second'))
    expect(seen).toEqual([])
    await commit()
    expect(seen).toEqual([1, 0, 'second'])
    await commit()
    expect(seen).toHaveLength(3)
  })

  it('calls back after a read as well, and without a statement', async () => {
    const seen: string[] = []
    const read = request('read only')
    await read.db.run(one, { n: 1 })
    read.db.afterCommit(() => void seen.push('read'))
    await read.commit()
    const idle = request('read write')
    idle.db.afterCommit(() => void seen.push('idle'))
    await idle.commit()
    expect(seen).toEqual(['read', 'idle'])
  })

  it('does not call back after a rollback or a failed commit', async () => {
    const seen: string[] = []
    const rolledBack = request('read write')
    await rolledBack.db.run(addUser, { username: 'lost' })
    rolledBack.db.afterCommit(() => void seen.push('rolled back'))
    await rolledBack.rollback()
    const failed = request('read write')
    failed.db.afterCommit(() => void seen.push('failed'))
    await failed.db.run(fails).catch(() => {})
    await expect(failed.commit()).rejects.toMatchObject({ code: '22012' })
    expect(seen).toEqual([])
  })

  it('calls back once for a transaction that took two tries', async () => {
    const seen: number[] = []
    const { db, commit } = request('read write')
    let tries = 0
    await db.transaction(async (own) => {
      tries += 1
      const thisTry = tries
      own.afterCommit(() => void seen.push(thisTry))
      await own.run(addUser, { username: 'retried' })
      if (thisTry === 1) throw Object.assign(new Error('collided'), { code: '40001' })
    })
    expect(seen).toEqual([2])
    await commit()
    expect(seen).toEqual([2])
  })

  it('reports a callback that throws, calls the next and does not fail', async () => {
    const seen: string[] = []
    const work = test.pool.transaction({ access: 'read write' }, async (db) => {
      db.afterCommit(() => Promise.reject(new Error('not there')))
      db.afterCommit(() => void seen.push('next'))
      return db.run(addUser, { username: 'kept anyway' })
    })
    expect(await work).toHaveLength(1)
    expect(seen).toEqual(['next'])
    expect(test.events).toContainEqual({
      type: 'after_commit_failed',
      error: expect.objectContaining({ message: 'not there' }),
    })
  })

  it('refuses a callback that comes after the end', async () => {
    const { db, commit } = request('read write')
    await commit()
    expect(() => db.afterCommit(() => {})).toThrow('after the end')
  })
})
