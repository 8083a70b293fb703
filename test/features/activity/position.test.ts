import { describe, expect, it } from 'vitest'
import {
  boundsOf,
  positionFrom,
  startingBefore,
  theEnd,
} from '../../../src/features/activity/position.ts'

const lowest = '-9223372036854775808'
const highest = '9223372036854775807'
const at = '2020-05-31T01:40:47.307000Z'

describe('a position of the feed', () => {
  it('bounds its own kind by its id, later kinds by every id and earlier ones by none', () => {
    expect(boundsOf([at, '1', '42'])).toEqual({
      at,
      postId: lowest,
      commentId: '42',
      signupId: highest,
      sessionId: highest,
    })
  })

  it('of an instant alone leaves out every row of that instant, going down', () => {
    const each = { postId: lowest, commentId: lowest, signupId: lowest, sessionId: lowest }
    expect(startingBefore(at)).toEqual({ at, ...each })
  })

  it('beyond the end comes after the last kind of every instant', () => {
    expect(boundsOf(theEnd)).toEqual({ ...startingBefore('-infinity') })
  })

  it('comes from the parts of a cursor', () => {
    expect(positionFrom([at, '3', '-7'])).toEqual([at, '3', '-7'])
  })
})
