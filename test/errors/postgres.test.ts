import { PostgresError } from 'postgres'
import { describe, expect, it } from 'vitest'
import { AppError, timeout } from '../../src/errors/error.ts'
import { fromPostgres, isRetryable, sqlStateOf } from '../../src/errors/postgres.ts'
import { connectTo, createTestDatabase, useDatabase } from '../support/database.ts'
import { insertPost, insertUser } from '../support/factories.ts'

const coded = (code: string, fields: object = {}) =>
  Object.assign(new Error('select secret from hidden'), { code }, fields)

describe('fromPostgres', () => {
  const database = useDatabase()

  /** What PostgreSQL itself says to a statement that must fail. */
  const said = async (failing: PromiseLike<unknown>) => {
    const error = await failing.then(
      () => new Error('It did not fail'),
      (thrown: unknown) => thrown,
    )
    return fromPostgres(error)
  }

  describe('a violation', () => {
    it('names the field of a unique expression index, not its value', async () => {
      await insertUser(database.sql, { email: 'Ada@example.com' })
      const error = await said(insertUser(database.sql, { email: 'ada@EXAMPLE.com' }))
      expect(error).toMatchObject({
        code: 'conflict',
        status: 409,
        errors: [{ path: 'email', message: 'is already taken' }],
      })
      expect(error?.message).not.toMatch(/example/i)
    })

    it('names the primary key', async () => {
      const { id } = await insertUser(database.sql)
      const error = await said(insertUser(database.sql, { id }))
      expect(error).toMatchObject({ code: 'conflict', errors: [{ path: 'id' }] })
    })

    it('names each column of a composite key, through casts and functions', async () => {
      const { sql } = database
      await sql`create table places (city_name text, "Zip" varchar(9), note text)`
      await sql`create unique index on places (lower(btrim(city_name)), "Zip", coalesce(note, 'x'::text))`
      const add = () => sql`insert into places values ('a)=(b', '1', null)`
      await add()
      expect(await said(add())).toMatchObject({
        code: 'conflict',
        errors: [{ path: 'cityName' }, { path: 'Zip' }, { path: 'note' }],
      })
    })

    it('of an exclusion constraint is a conflict', async () => {
      const { sql } = database
      await sql`create table bookings (during tstzrange, exclude using gist (during with &&))`
      const book = () => sql`insert into bookings values ('[2020-01-01, 2020-01-03)')`
      await book()
      expect(await said(book())).toMatchObject({ code: 'conflict', errors: [{ path: 'during' }] })
    })

    it('of a foreign key names the reference', async () => {
      const error = await said(insertPost(database.sql, { author_id: 4_000_000 }))
      expect(error).toMatchObject({
        code: 'reference_missing',
        status: 422,
        errors: [{ path: 'authorId', message: 'refers to a record that does not exist' }],
      })
    })

    it('of not null names the column', async () => {
      const failing = database.sql`insert into comments (post_id) values (1)`
      expect(await said(failing)).toMatchObject({
        code: 'constraint_failed',
        status: 422,
        errors: [{ path: 'body', message: 'is required' }],
      })
    })

    it('of a check names the column its constraint is called after', async () => {
      const error = await said(insertUser(database.sql, { username: '' }))
      expect(error).toMatchObject({ code: 'constraint_failed', errors: [{ path: 'username' }] })
      const date = await said(insertPost(database.sql, { created_at: 'infinity' }))
      expect(date).toMatchObject({ code: 'constraint_failed', errors: [{ path: 'createdAt' }] })
    })

    it.each([
      ['a number out of range', 'select 99999999999999999999::bigint'],
      ['a text that is no number', "select 'abc'::bigint"],
      ['an impossible time', "select '2020-13-45'::timestamptz"],
      ['a division by zero', 'select 1 / 0'],
    ])('says nothing of %s but that it is not allowed', async (_, text) => {
      const error = await said(database.sql.unsafe(text))
      expect(error).toMatchObject({ code: 'constraint_failed', status: 422, errors: undefined })
      expect(error?.detail).toBe('A value is not allowed')
    })

    it('refuses a text with a NUL and one too large for its index', async () => {
      const { sql } = database
      expect(await said(insertPost(sql, { title: 'a\0b' }))).toMatchObject({
        code: 'constraint_failed',
      })
      const email = Array.from({ length: 9000 }, () => Math.random().toString(36)).join('@')
      expect(await said(insertUser(sql, { email }))).toMatchObject({ code: 'constraint_failed' })
    })
  })

  it('takes a database that is closed to connections for unavailable', async () => {
    const closed = await createTestDatabase({ migrated: false })
    const name = new URL(closed.url).pathname.slice(1)
    await database.sql.unsafe(`alter database ${name} with allow_connections false`)
    const sql = connectTo(closed.url)
    expect(await said(sql`select`)).toMatchObject({ code: 'database_unavailable' })
    await sql.end({ timeout: 1 })
    await closed.drop()
    expect(await said(database.sql`select currval('users_id_seq')`)).toBeUndefined()
  })

  it.each([
    ['08000', 'database_unavailable'],
    ['08006', 'database_unavailable'],
    ['25006', 'database_read_only'],
    ['42501', 'database_read_only'],
    ['25P03', 'timeout'],
    ['25P04', 'timeout'],
    ['28000', 'database_unavailable'],
    ['28P01', 'database_unavailable'],
    ['3D000', 'database_unavailable'],
    ['40001', 'serialization_failed'],
    ['40P01', 'serialization_failed'],
    ['53100', 'database_unavailable'],
    ['53200', 'database_unavailable'],
    ['53300', 'database_unavailable'],
    ['55P03', 'timeout'],
    ['57014', 'timeout'],
    ['57P01', 'database_unavailable'],
    ['57P02', 'database_unavailable'],
    ['57P03', 'database_unavailable'],
    ['CONNECTION_CLOSED', 'database_unavailable'],
    ['CONNECTION_DESTROYED', 'database_unavailable'],
    ['CONNECTION_ENDED', 'database_unavailable'],
    ['CONNECT_TIMEOUT', 'database_unavailable'],
    ['EAI_AGAIN', 'database_unavailable'],
    ['ECONNREFUSED', 'database_unavailable'],
    ['ECONNRESET', 'database_unavailable'],
    ['EHOSTUNREACH', 'database_unavailable'],
    ['ENOTFOUND', 'database_unavailable'],
    ['EPIPE', 'database_unavailable'],
    ['ETIMEDOUT', 'database_unavailable'],
    ['DEPTH_ZERO_SELF_SIGNED_CERT', 'database_unavailable'],
  ])('reads %s as %s', (code, expected) => {
    expect(fromPostgres(coded(code))?.code).toBe(expected)
  })

  it.each(['42P01', '42601', '0A000', 'P0001', 'XX000', 'ENOENT', 'UNSAFE_TRANSACTION'])(
    'leaves %s unforeseen',
    (code) => {
      expect(fromPostgres(coded(code))).toBeUndefined()
    },
  )

  it('takes any failure to connect, such as a missing socket file, for the database being away', () => {
    const error = coded('ENOENT', { syscall: 'connect' })
    expect(fromPostgres(error)?.code).toBe('database_unavailable')
  })

  it.each([
    'proxy request failed, cannot connect to the specified address',
    'connection attempt failed',
    'Network connection lost.',
  ])('reads workerd saying "%s"', (text) => {
    const error = new Error('Failed query', { cause: new Error(text) })
    expect(fromPostgres(error)?.code).toBe('database_unavailable')
  })

  it('does not take a text with another code for a lost connection', () => {
    const error = Object.assign(new Error('connection attempt failed'), { code: 'P0001' })
    expect(fromPostgres(error)).toBeUndefined()
  })

  it('walks causes and aggregates down to what it knows, and keeps the whole as cause', () => {
    const reached = new AggregateError([new Error('IPv6'), coded('ECONNREFUSED')])
    const thrown = new Error('Failed query: select 1', {
      cause: new Error('x', { cause: reached }),
    })
    const error = fromPostgres(thrown)
    expect(error?.code).toBe('database_unavailable')
    expect(error?.cause).toBe(thrown)
  })

  it('ends on causes that go in a circle', () => {
    const first = new Error('first')
    first.cause = new Error('second', { cause: first })
    expect(fromPostgres(first)).toBeUndefined()
  })

  it('finds an error of our own inside a wrapper', () => {
    const own = timeout()
    expect(fromPostgres(new Error('wrapped', { cause: own }))).toBe(own)
    expect(own).toBeInstanceOf(AppError)
  })

  it.each([undefined, null, 'text', 42, {}])('has nothing to say of %s', (thrown) => {
    expect(fromPostgres(thrown)).toBeUndefined()
  })

  it('reads the key of a server that speaks another language', () => {
    const error = coded('23505', {
      detail: 'Schlüssel »(lower(email))=(a@b.c)« existiert bereits.',
    })
    expect(fromPostgres(error)?.errors).toEqual([{ path: 'email', message: 'is already taken' }])
  })

  it('knows the class postgres.js throws', async () => {
    const thrown = await database.sql`select 1 / 0`.catch((error: unknown) => error)
    expect(thrown).toBeInstanceOf(PostgresError)
  })
})

describe('sqlStateOf', () => {
  it('is the SQLSTATE of the error or of what it wraps', () => {
    expect(sqlStateOf(coded('23505'))).toBe('23505')
    expect(sqlStateOf(new Error('wrapped', { cause: coded('42P01') }))).toBe('42P01')
    expect(sqlStateOf(new AggregateError([coded('ECONNREFUSED'), coded('28P01')]))).toBe('28P01')
  })

  it('is undefined for what is not PostgreSQL’s', () => {
    expect(sqlStateOf(coded('CONNECTION_CLOSED'))).toBeUndefined()
    expect(sqlStateOf(coded('EPIPE'))).toBeUndefined()
    expect(sqlStateOf('23505')).toBeUndefined()
  })
})

describe('isRetryable', () => {
  it.each(['40001', '40P01'])('is true for concurrent changes that collided (%s)', (code) => {
    expect(isRetryable(coded(code))).toBe(true)
    expect(isRetryable(new Error('wrapped', { cause: coded(code) }))).toBe(true)
  })

  it('is false for what would fail again, or was given another meaning', () => {
    expect(isRetryable(coded('23505'))).toBe(false)
    expect(isRetryable(coded('CONNECTION_CLOSED'))).toBe(false)
    expect(isRetryable(timeout(coded('40001')))).toBe(false)
  })
})
