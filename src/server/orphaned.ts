import { readFileSync } from 'node:fs'

/**
 * Calls `leave` once npm, which started this process, is gone: npm passes a SIGTERM on to its shell only, and a
 * SIGKILL to nobody. Without npm a process may outlive its parent, and this does nothing.
 */
export function whenOrphaned(leave: () => void): void {
  if (process.env.npm_lifecycle_event === undefined) return
  const lineage = () => `${process.ppid} ${parentOf(process.ppid)}`
  const original = lineage()
  const timer = setInterval(() => {
    if (lineage() === original) return
    clearInterval(timer)
    leave()
  }, 500)
  timer.unref()
}

/** Between npm and us stands a shell, unless it ran us in its place. Known on Linux only; elsewhere shells do. */
function parentOf(pid: number): string | undefined {
  try {
    return /^PPid:\s*(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]
  } catch {
    return undefined
  }
}
