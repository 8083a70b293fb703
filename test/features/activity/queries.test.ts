import { describe, expect, it } from 'vitest'
import { kinds } from '../../../src/db/rollup/kinds.ts'
import { compile } from '../../../src/db/statement.ts'
import {
  activityAfter,
  activityBefore,
  activityPage,
  activityTop,
  feedReads,
  usualKinds,
} from '../../../src/features/activity/queries.ts'

const variants = [false, true].flatMap((ofAuthor) =>
  [false, true].flatMap((isBounded) =>
    [usualKinds, kinds, ['signup'] as const].map((asked) => ({
      kinds: asked,
      ofAuthor,
      isBounded,
    })),
  ),
)

describe('the statements of the feed', () => {
  it('are one for each variant, the same one every time', () => {
    for (const statement of [activityTop, activityBefore, activityAfter, activityPage]) {
      expect(new Set(variants.map((variant) => statement(variant).name)).size).toBe(12)
      for (const variant of variants) expect(statement({ ...variant })).toBe(statement(variant))
    }
  })

  it('name every table that they read', () => {
    for (const variant of variants) {
      const statement = activityBefore(variant)
      const named = [...compile(statement).text.matchAll(/(?:from|join) "(\w+)"(?!\.)/g)]
      expect([...statement.reads].sort()).toEqual(
        [...new Set(named.map(([, table]) => table))].sort(),
      )
    }
  })

  it('ask for an author only in their variants', () => {
    const filter = {
      authorId: 4711,
      after: '-infinity',
      before: 'infinity',
      size: 20,
    }
    for (const variant of variants) {
      const bound = compile(activityPage(variant)).bind({ ...filter, skip: 20 })
      expect(bound.includes(4711)).toBe(variant.ofAuthor)
      expect(bound.includes('-infinity')).toBe(variant.isBounded)
    }
  })

  it('are each the only one of their transaction, which then is one round trip', () => {
    for (const variant of variants) expect(activityTop(variant).isOnly).toBe(true)
  })
})

describe('feedReads', () => {
  it('names each table once', () => {
    expect(feedReads(kinds)).toEqual(['posts', 'comments', 'users', 'sessions'])
  })

  it('names the posts only where their titles are shown', () => {
    expect(feedReads(['signup', 'session'])).toEqual(['users', 'sessions'])
  })
})
