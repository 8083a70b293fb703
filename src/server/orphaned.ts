import { readFileSync } from 'node:fs'

/**
 * Calls `onOrphaned` once npm, which started this process, is gone: npm passes a SIGTERM on to its shell only,
 * and a SIGKILL to nobody. Without npm a process may outlive its parent, and this does nothing.
 */
export function whenOrphaned(onOrphaned: () => void): void {
  if (process.env.npm_lifecycle_event === undefined) return
  const lineage = () => `${process.ppid} ${parentOf(process.ppid)}`
  const original = lineage()
  const timer = setInterval(() => {
    if (lineage() === original) return
    clearInterval(timer)
    onOrphaned()
  }, 500)
  timer.unref()
}

/** npm's shell stands between npm and this process, unless the shell replaced itself by it. Known on Linux only. */
function parentOf(pid: number): string | undefined {
  try {
    return /^PPid:\s*(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]
  } catch {
    return undefined
  }
}
