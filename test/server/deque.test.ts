import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { deque } from '../../src/server/deque.ts'

describe('deque', () => {
  it('gives what an array would, however much went through it', () => {
    const step = fc.oneof(
      fc.record({ push: fc.nat() }),
      fc.constantFrom('pop' as const, 'shift' as const),
    )
    fc.assert(
      fc.property(fc.array(step, { maxLength: 200 }), fc.nat(3000), (steps, before) => {
        const [queue, array] = [deque<number>(), [] as number[]]
        for (let n = 0; n < before; n++) queue.push(n)
        for (let n = 0; n < before; n++) expect(queue.shift()).toBe(n)
        for (const each of steps) {
          if (each === 'pop') expect(queue.pop()).toBe(array.pop())
          else if (each === 'shift') expect(queue.shift()).toBe(array.shift())
          else {
            queue.push(each.push)
            array.push(each.push)
          }
          expect(queue.size).toBe(array.length)
          expect(queue.first()).toBe(array[0])
        }
      }),
      { numRuns: 50 },
    )
  })
})
