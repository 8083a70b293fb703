import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmod, mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it, onTestFinished } from 'vitest'

let folder = ''
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'shopboard-test-bench-'))
  await chmod(folder, 0o755)
})
afterEach(() => rm(folder, { recursive: true, force: true }))

/** A short run; whatever it puts into the temporary directory lies in `folder`. */
function startBench(...only: string[]) {
  const program = join(import.meta.dirname, 'bench.ts')
  const sizes = ['--posts', '100', '--seconds', '1', '--rounds', '1']
  const child = spawn(process.execPath, [program, ...sizes, '--only', ...only], {
    env: { ...process.env, TMPDIR: folder },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  onTestFinished(() => void child.kill('SIGKILL'))
  const said: string[] = []
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (chunk: Buffer) => said.push(chunk.toString()))
  const ended = once(child, 'close').then(([code]) => code)
  return { child, ended, said: () => said.join('') }
}

/** The process of the PostgreSQL it started. */
async function postmaster(): Promise<number> {
  const files = await readdir(folder, { recursive: true })
  const file = files.find((name) => name.endsWith('postmaster.pid')) ?? ''
  return Number.parseInt(await readFile(join(folder, file), 'utf8'), 10)
}
const isAlive = (pid: number) => {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}

describe('npm run bench', () => {
  it('prints a row for what it measured, reached or missed, and leaves nothing behind', async () => {
    const { ended, said } = startBench('depth', 'start')
    const code = await ended
    const table = said().split('Speed to reach')[1] ?? said()
    expect(table).toMatch(/by cursor ÷ page 1, p50 +≤ 1.1 × .* (reached|missed)\n/)
    expect(table).toMatch(/by number ÷ page 1, p50 +≤ 1.2 × .* (reached|missed)\n/)
    expect(table).toMatch(/start on an existing database .*≤ 0.8 s .* (reached|missed)\n/)
    expect(code).toBe(0)
    expect(await readdir(folder)).toEqual([])
  })

  it('ends all it started when it is interrupted', async () => {
    const { child, ended, said } = startBench('depth')
    await expect.poll(said).toContain('made in')
    const pid = await postmaster()
    expect(isAlive(pid)).toBe(true)
    child.kill('SIGINT')
    expect(await ended).toBe(130)
    await expect.poll(() => isAlive(pid)).toBe(false)
    expect(await readdir(folder)).toEqual([])
  })
})
