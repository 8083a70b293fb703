/** The sizes of entries, and which of them go when all together take too much: those used longest ago. */
export type SizeBudget = {
  /** An entry of `size` bytes was put under the key, in place of one that may have been there. */
  add(key: string, size: number): void
  /** The entry takes `size` bytes more. */
  grow(key: string, size: number): void
  /** The entry was used. */
  touch(key: string): void
}

/** `drop` is called for an entry that has to go; one of more than an eighth of `limit` goes at once. */
export function sizeBudget(limit: number, drop: (key: string) => void): SizeBudget {
  /** The one used last comes last. */
  const sizes = new Map<string, number>()
  let total = 0

  function forget(key: string): number | undefined {
    const size = sizes.get(key)
    sizes.delete(key)
    total -= size ?? 0
    return size
  }

  function add(key: string, size: number): void {
    forget(key)
    if (size > limit / 8) {
      drop(key)
      return
    }
    sizes.set(key, size)
    total += size
    for (const [oldest] of sizes) {
      if (total <= limit) return
      forget(oldest)
      drop(oldest)
    }
  }

  return {
    add,
    grow(key, size) {
      const before = sizes.get(key)
      if (before !== undefined) add(key, before + size)
    },
    touch(key) {
      const size = sizes.get(key)
      if (size === undefined) return
      sizes.delete(key)
      sizes.set(key, size)
    },
  }
}
