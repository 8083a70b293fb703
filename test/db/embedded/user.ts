/**
 * A program that uses the embedded server in a directory: prints its url, then with the task `write` each row that
 * PostgreSQL acknowledged. It leaves the server when it is told to; else a test kills it.
 */
import postgres from 'postgres'
import { startEmbedded } from '../../../src/db/embedded/server.ts'

const [dir = '', task = ''] = process.argv.slice(2)
try {
  const server = await startEmbedded({ dir, durable: task !== 'throwaway' })
  const { url, wasRunning, pid, stop } = server
  console.log(JSON.stringify({ url: url(), wasRunning, pid, dir: server.dir }))
  if (task === 'write') {
    const sql = postgres(url(), { max: 1, onnotice: () => {} })
    await sql`create table if not exists acknowledged (n int primary key)`
    for (let n = 1; ; n++) {
      await sql`insert into acknowledged values (${n})`
      console.log(n)
    }
  }
  process.once('message', () => stop().then(() => process.exit()))
} catch (error) {
  console.error(error instanceof Error ? error.message : error)
  process.exit(1)
}
