/** A queue that gives and takes at both ends in constant time. */
export type Deque<T> = {
  readonly size: number
  first(): T | undefined
  push(item: T): void
  /** The newest. */
  pop(): T | undefined
  /** The oldest. */
  shift(): T | undefined
}

export function deque<T>(): Deque<T> {
  let items: (T | undefined)[] = []
  let head = 0
  return {
    get size() {
      return items.length - head
    },
    first: () => items[head],
    push(item) {
      items.push(item)
    },
    pop: () => (head < items.length ? items.pop() : undefined),
    shift() {
      if (head >= items.length) return undefined
      const item = items[head]
      items[head++] = undefined
      // what was taken is given back now and then
      if (head > 1024 && head * 2 > items.length) {
        items = items.slice(head)
        head = 0
      }
      return item
    },
  }
}
