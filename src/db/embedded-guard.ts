import { rmSync } from 'node:fs'
import { leaveForTheDead } from './embedded-lease.ts'

/**
 * Runs beside a process that uses the embedded server. Its standard input ends when that process dies,
 * however it dies; it then leaves in the dead one's name. A clean stop ends it before.
 */
const [data = '', pgCtl = '', throwaway = ''] = process.argv.slice(2)

process.stdin.resume().once('end', async () => {
  const isStopped = await leaveForTheDead({ data, program: (_, args) => [pgCtl, [...args]] })
  if (isStopped && throwaway) rmSync(throwaway, { recursive: true, force: true })
  process.exit()
})
