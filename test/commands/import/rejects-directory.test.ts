import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { rejectsDirectory } from '../../../src/commands/import/rejects-directory.ts'
import { directoryOf } from './directory.ts'

describe('rejectsDirectory', () => {
  it('is the directory of the files unless another is asked for, which it makes', async () => {
    const directory = await directoryOf({})
    expect(await rejectsDirectory(directory)).toBe(directory)
    const wanted = join(directory, 'a', 'b')
    expect(await rejectsDirectory(directory, wanted)).toBe(wanted)
    expect(await rejectsDirectory('/does/not/exist', wanted)).toBe(wanted)
  })

  it('is the current directory when that of the files cannot be written', async () => {
    expect(await rejectsDirectory('/does/not/exist')).toBe(process.cwd())
  })

  it('refuses one that cannot be made', async () => {
    const directory = await directoryOf({ file: '' })
    await expect(rejectsDirectory(directory, join(directory, 'file', 'deep'))).rejects.toThrow(
      /cannot be written to .*: name a writable directory with --rejects\.$/,
    )
  })
})
