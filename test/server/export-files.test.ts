import { mkdir, mkdtemp, readdir, rm, stat, utimes, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import { exportDirectory } from '../../src/server/export-files.ts'
import { directoryOf } from '../../src/server/exports.ts'

const name = (digit: string) => `export-${digit.repeat(8)}-0000-0000-0000-000000000000.csv`
const hour = 3_600_000

async function emptyDirectory() {
  const directory = await mkdtemp(join(tmpdir(), 'export files '))
  onTestFinished(() => rm(directory, { recursive: true, force: true }))
  return directory
}

async function* texts(...each: string[]) {
  yield* each
}
const plain = { isCompressed: false, signal: new AbortController().signal }

describe('the directory of exports', () => {
  it('is made when the first is written, for nobody else to read', async () => {
    const directory = join(await emptyDirectory(), 'a', 'b')
    const { write } = exportDirectory(directory)
    expect(await write(name('1'), texts('one', 'two'), plain)).toBe(6)
    expect((await stat(directory)).mode & 0o777).toBe(0o700)
    expect((await stat(join(directory, name('1')))).mode & 0o777).toBe(0o600)
  })

  it('has nothing of a file that was not written to its end', async () => {
    const directory = await emptyDirectory()
    async function* failing() {
      yield 'one'
      throw new Error('The database is gone')
    }
    const { write } = exportDirectory(directory)
    await expect(write(name('1'), failing(), plain)).rejects.toThrow('The database is gone')
    expect(await readdir(directory)).toEqual([])
  })

  it('lets go of what is older than it should be, and of nobody else’s', async () => {
    const directory = await emptyDirectory()
    const made = async (file: string, age: number) => {
      await writeFile(join(directory, file), '')
      const at = new Date(Date.now() - age)
      await utimes(join(directory, file), at, at)
    }
    await made(name('1'), 25 * hour)
    await made(name('2'), 23 * hour)
    await made(`${name('3')}.partial`, 2 * hour)
    await made(`${name('4')}.partial`, 0)
    await made('users.csv', 25 * hour)
    await mkdir(join(directory, 'export-of-mine'))
    await exportDirectory(directory).sweep(24 * hour)
    expect((await readdir(directory)).sort()).toEqual(
      [name('2'), `${name('4')}.partial`, 'users.csv', 'export-of-mine'].sort(),
    )
  })

  it('need not be there', async () => {
    const files = exportDirectory(join(await emptyDirectory(), 'none'))
    await files.sweep(hour)
    expect(await files.find(name('1'))).toBeUndefined()
  })

  it('is another one for each database', () => {
    const of = (url: string) =>
      directoryOf({ exportDir: undefined, databaseUrl: url, dataDir: '.data' }, url)
    expect(of('postgres://a/b')).not.toBe(of('postgres://a/c'))
    expect(directoryOf({ exportDir: undefined, databaseUrl: undefined, dataDir: 'data' }, '')).toBe(
      join('data', 'exports'),
    )
  })
})
