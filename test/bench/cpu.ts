import { globSync, readFileSync } from 'node:fs'

/** ms a clock tick of /proc lasts. */
const tick = 10

type Times = {
  readonly pid: number
  readonly parent: number
  readonly own: number
  readonly children: number
}

/** What /proc tells of a process; undefined where it is gone, or there is no /proc. */
function timesOf(pid: number): Times | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    // the name before it may hold spaces and parentheses
    const fields = stat
      .slice(stat.lastIndexOf(')') + 2)
      .split(' ')
      .map(Number)
    const [parent = 0, user = 0, system = 0] = [fields[1], fields[11], fields[12]]
    const [childrenUser = 0, childrenSystem = 0] = [fields[13], fields[14]]
    return { pid, parent, own: user + system, children: childrenUser + childrenSystem }
  } catch {
    return undefined
  }
}

/** ms of CPU a process and its children took so far, those included that have ended since. */
export function cpuOf(pid: number): number {
  const children = globSync('/proc/[0-9]*').flatMap((path) => timesOf(Number(path.slice(6))) ?? [])
  const ticks = children
    .filter((each) => each.parent === pid)
    .reduce((sum, { own }) => sum + own, 0)
  const self = timesOf(pid)
  return tick * (ticks + (self ? self.own + self.children : 0))
}
