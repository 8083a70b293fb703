import { openLine } from './line.ts'
import { holdersBefore } from './lock-holders.ts'

/** ms from one look to the next. */
const interval = 5_000

/**
 * Looks every five seconds, on a connection of its own, whether the session of process `pid` waits for a lock, and tells
 * who holds it, each once. Where it cannot look it says nothing.
 * @returns a function that stops it
 */
export function watchWaits(
  url: string,
  pid: number,
  onWaiting: (holders: string) => void,
): () => void {
  const told = new Set<string>()
  let cut = () => {}
  let isLooking = false
  const look = async () => {
    if (isLooking) return
    isLooking = true
    const line = openLine(url, { application_name: 'shopboard watch' })
    cut = line.cut
    try {
      await line.connect(interval)
      const holders = await holdersBefore(line.sql, pid)
      if (holders && !told.has(holders)) onWaiting(holders)
      told.add(holders)
    } catch {
      // no connection is free, or the database is gone, which the session itself notices
    } finally {
      line.cut()
      isLooking = false
    }
  }
  const timer = setInterval(() => void look(), interval)
  return () => {
    clearInterval(timer)
    cut()
  }
}
