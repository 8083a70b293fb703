import { rmSync } from 'node:fs'
import { releaseForDeadProcess } from './share.ts'

/**
 * The program that runs beside a process that uses the embedded server, and is killed when that leaves the server.
 * Its standard input carries the server's process id, a new line for each server and an empty one while there is
 * none, and ends when the process dies, however it dies: the watchdog then releases the share of the dead process.
 */
const [data = '', pgCtl = '', throwawayDir = ''] = process.argv.slice(2)

let pids = ''
process.stdin.on('data', (chunk) => {
  pids += chunk
})
process.stdin.once('end', async () => {
  const isStopped = await releaseForDeadProcess(
    { data, program: (_, args) => [pgCtl, [...args]] },
    Number(pids.split('\n').at(-2)) || undefined,
  )
  if (isStopped && throwawayDir) rmSync(throwawayDir, { recursive: true, force: true })
  process.exit()
})
