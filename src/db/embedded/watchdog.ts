import { rmSync } from 'node:fs'
import { releaseForDeadProcess } from './share.ts'

/**
 * The program that runs beside a process that uses the embedded server, and is killed when that leaves the server.
 * Its standard input carries the server's process id and ends when the process dies, however it dies: the watchdog
 * then releases the share of the dead process.
 */
const [data = '', pgCtl = '', throwawayDir = ''] = process.argv.slice(2)

let serverPid = ''
process.stdin.on('data', (chunk) => {
  serverPid += chunk
})
process.stdin.once('end', async () => {
  const isStopped = await releaseForDeadProcess(
    { data, program: (_, args) => [pgCtl, [...args]] },
    Number(serverPid) || undefined,
  )
  if (isStopped && throwawayDir) rmSync(throwawayDir, { recursive: true, force: true })
  process.exit()
})
