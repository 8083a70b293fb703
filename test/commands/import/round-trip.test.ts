import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import fc from 'fast-check'
import { beforeEach, describe, expect, it } from 'vitest'
import { useDatabase } from '../../support/database.ts'
import { directoryOf, importFrom } from './directory.ts'

const database = useDatabase()
beforeEach(() => database.sql`truncate users, posts, comments, sessions restart identity cascade`)

const usernames = async () =>
  (await database.sql<{ username: string }[]>`select username from users order by id`).map(
    ({ username }) => username,
  )

/** Imports the rejects of a directory's users again, after `correct` has been at them. */
async function importAgain(directory: string, correct: (text: string) => string = (text) => text) {
  const again = join(directory, 'again')
  await mkdir(again, { recursive: true })
  const [name = ''] = (await readdir(directory)).filter((each) => each.startsWith('rejects-users.'))
  const text = await readFile(join(directory, name), 'latin1')
  const target = join(again, name.replace('rejects-', ''))
  await writeFile(target, correct(text), 'latin1')
  return { again: await importFrom(database.url, again), text, file: again }
}

describe('a file of rejected rows', () => {
  it.each([
    ['a missing value', 'id,username\r\n1,\r\n', (text: string) => text.replace('1,,', '1,Ann,')],
    ['a ragged row', 'id;username\n1;Ann;x\n', (text: string) => text.replace(';x', '')],
    ['a short row', 'id|username\n1\n', (text: string) => text.replace('1|', '1|Ann|')],
    ['an open quote', 'id,username\n1,"Ann\n', (text: string) => text.replace('"Ann', '"Ann"')],
    ['Latin-1', 'id\tusername\n1\tAnn\xe9\n', (text: string) => text.replace('\xe9', '')],
    ['a NUL', 'id,username\n1,A\0nn\n', (text: string) => text.replace('\0', '')],
    ['a stray quote', 'id,username\n1,An"n\n', (text: string) => text.replace('An"n', 'Ann')],
  ])('can be corrected and imported: CSV with %s', async (_, content, correct) => {
    const directory = await directoryOf({ 'users.csv': Buffer.from(content, 'latin1') })
    expect((await importFrom(database.url, directory)).table('users').rejected).toBe(1)
    const { again, text } = await importAgain(directory)
    expect(again.table('users')).toMatchObject({ kept: 0, rejected: 1 })
    expect((await importAgain(directory, correct)).again.table('users')).toMatchObject({ kept: 1 })
    expect(await usernames()).toEqual(['Ann'])
    expect(text).toContain(content.split('\n')[1]?.trimEnd())
  })

  it.each([
    ['a missing value', '{"id":1}', (text: string) => text.replace('1', '1,"username":"Ann"')],
    [
      'a broken line',
      '{"id":1,"username":"Ann"',
      (text: string) => text.replace('"Ann"', '"Ann"}'),
    ],
    ['Latin-1', '{"id":1,"username":"Ann\xe9"}', (text: string) => text.replace('\xe9', '')],
    [
      'a list',
      '[1,"Ann"]',
      (text: string) => text.replace('[1,"Ann"]', '{"id":1,"username":"Ann"}'),
    ],
  ])('can be corrected and imported: NDJSON with %s', async (_, content, correct) => {
    const directory = await directoryOf({
      'users.ndjson.gz': gzipSync(Buffer.from(`${content}\n`, 'latin1')),
    })
    expect((await importFrom(database.url, directory)).table('users').rejected).toBe(1)
    const { again } = await importAgain(directory)
    expect(again.table('users')).toMatchObject({ kept: 0, rejected: 1 })
    const corrected = await importAgain(directory, correct)
    expect(corrected.again.table('users')).toMatchObject({ kept: 1, rejected: 0 })
    expect(corrected.again.notes).toEqual([])
    expect(await usernames()).toEqual(['Ann'])
  })

  it.each(['users.csv', 'users.ndjson'])(
    'has one reason a row, however often it is rejected: %s',
    async (name) => {
      const bad = {
        'users.csv': 'id,username,mood\n1,,"a "","" b"\n2,\n',
        'users.ndjson': '{"id":1,"mood":"a"}\n{}\n',
      }[name]
      const directory = await directoryOf({ [name]: bad ?? '' })
      await importFrom(database.url, directory)
      const first = await importAgain(directory)
      const second = await importAgain(first.file)
      expect(second.text.match(/rejected_because/g)?.length).toBe(
        first.text.match(/rejected_because/g)?.length,
      )
      const withoutLines = (text: string) => text.replaceAll(/line \d+/g, 'line')
      expect(withoutLines(second.text)).toBe(withoutLines(first.text))
    },
  )

  it('holds whatever could not be kept, which then can, whatever the file holds', async () => {
    const word = fc.string({
      unit: fc.constantFrom('a', '"', ',', ';', '\n', 'é', ' ', '\\'),
      maxLength: 6,
    })
    const row = fc.record({ name: word.map((each) => `x${each}`), isBad: fc.boolean() })
    const format = fc.constantFrom('csv' as const, 'ndjson' as const)
    const rows = fc.array(row, { minLength: 1, maxLength: 12 })
    await fc.assert(
      fc.asyncProperty(
        rows,
        format,
        fc.constantFrom(',', ';', '\t', '|'),
        fc.boolean(),
        async (each, kind, delimiter, isPacked) => {
          await database.sql`truncate users cascade`
          const quoted = (text: string) => `"${text.replaceAll('"', '""')}"`
          const lines = each.map(({ name, isBad }, at) => {
            const flag = isBad ? 'perhaps' : 'yes'
            return kind === 'csv'
              ? [at + 1, quoted(name), flag].join(delimiter)
              : JSON.stringify({ id: at + 1, username: name, is_admin: flag })
          })
          const header = kind === 'csv' ? [['id', 'username', 'is_admin'].join(delimiter)] : []
          const content = Buffer.from(`${[...header, ...lines].join('\n')}\n`)
          const directory = await directoryOf({
            [`users.${kind}${isPacked ? '.gz' : ''}`]: isPacked ? gzipSync(content) : content,
          })
          const bad = each.filter(({ isBad }) => isBad).length
          const { table } = await importFrom(database.url, directory)
          expect(table('users')).toMatchObject({ kept: each.length - bad, rejected: bad })
          if (bad > 0) {
            const { again } = await importAgain(directory, (text) =>
              text.replaceAll(/(?<=[,;\t|:"])perhaps(?=[,;\t|"])/g, 'yes'),
            )
            expect(again.table('users')).toMatchObject({ kept: bad, rejected: 0 })
          }
          expect(await usernames()).toEqual(each.map(({ name }) => name))
        },
      ),
      { numRuns: 25 },
    )
  })

  it.each(['users.csv', 'users.csv.gz', 'users.ndjson', 'users.ndjson.gz'])(
    'of 100,000 rows is whole: %s',
    async (name) => {
      const rows = Array.from({ length: 100_000 }, (_, at) =>
        name.includes('csv') ? `${at},` : `{"id":${at}}`,
      )
      const content = [...(name.includes('csv') ? ['id,username'] : []), ...rows, ''].join('\n')
      const directory = await directoryOf({
        [name]: name.endsWith('.gz') ? gzipSync(content) : content,
      })
      const { table } = await importFrom(database.url, directory)
      expect(table('users')).toMatchObject({ kept: 0, rejected: 100_000 })
      const rejects = await readFile(join(directory, `rejects-${name.replace('.gz', '')}`), 'utf8')
      expect(rejects.match(/: username is missing"/g)).toHaveLength(100_000)
    },
  )

  it('is refused where its source changed meanwhile', async () => {
    const directory = await directoryOf({ 'users.csv': 'id,username\n1,\n' })
    const holder = await database.sql.reserve()
    await holder`begin`
    await holder`lock table users in access exclusive mode`
    const importing = expect(importFrom(database.url, directory)).rejects.toThrow(
      'users.csv changed while it was imported.',
    )
    await expect
      .poll(
        () => database.sql`select from pg_stat_activity where datname = current_database()
          and application_name = 'shopboard bulk' and wait_event_type = 'Lock'`,
      )
      .toHaveLength(1)
    await writeFile(join(directory, 'users.csv'), 'id,username\n1,Ann\n')
    await holder`rollback`
    holder.release()
    await importing
  })
})
