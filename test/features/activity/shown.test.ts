import { describe, expect, it } from 'vitest'
import { endsOf, itemsOf } from '../../../src/features/activity/shown.ts'

const at = (day: number) => `2020-01-0${day}T00:00:00.000000Z`
const item = (kind: string, id: number, excerpt: string | null = null) =>
  JSON.stringify({ kind, id, createdAt: at(id), actor: { id: 7, username: 'u' }, excerpt })
const items = [item('session', 3), item('post', 2, '{"kind":"post","id":9,'), item('comment', 1)]

describe('the items that PostgreSQL wrote', () => {
  it('are the page without the row that told that it goes on, at the end gone to', () => {
    expect(itemsOf(items.join(), undefined)).toBe(items.join())
    expect(itemsOf(items.join(), 'next')).toBe(items.slice(0, 2).join())
    expect(itemsOf(items.join(), 'prev')).toBe(items.slice(1).join())
  })

  it('say where the page ends, whatever their texts look like', () => {
    expect(endsOf(items.join())).toEqual({ first: [at(3), '3', '3'], last: [at(1), '1', '1'] })
    expect(endsOf(items.slice(0, 2).join())).toEqual({
      first: [at(3), '3', '3'],
      last: [at(2), '0', '2'],
    })
  })

  it('are nowhere on an empty page', () => {
    expect(endsOf('')).toEqual({ first: null, last: null })
  })
})
