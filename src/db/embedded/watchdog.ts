import { rmSync } from 'node:fs'
import { releaseForDeadProcess } from './share.ts'

/**
 * Runs beside a process that uses the embedded server. Its standard input ends when that process dies,
 * however it dies; it then leaves in the dead one's name. Until then it is told the server's process id there.
 * A clean stop ends it before.
 */
const [data = '', pgCtl = '', throwaway = ''] = process.argv.slice(2)

let told = ''
process.stdin.on('data', (chunk) => {
  told += chunk
})
process.stdin.once('end', async () => {
  const place = { data, program: (_: string, args: readonly string[]) => pgCtlWith(args) }
  const isStopped = await releaseForDeadProcess(place, Number(told) || undefined)
  if (isStopped && throwaway) rmSync(throwaway, { recursive: true, force: true })
  process.exit()
})

const pgCtlWith = (args: readonly string[]): [string, string[]] => [pgCtl, [...args]]
