import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { addressOf, readDatabaseUrl, unusedLine } from '../src/database-url.ts'

const at = 'postgres://ann:secret@db.example/shop'
const failureOf = (url: string) => {
  try {
    readDatabaseUrl(url)
    return ''
  } catch (error) {
    return error instanceof Error ? error.message : String(error)
  }
}

describe('readDatabaseUrl', () => {
  it.each(['12/secret', '12?secret', '12/se?cret', '/secret'])(
    'refuses the password %s that is not encoded, and shows none of it',
    (password) => {
      const failure = failureOf(`postgres://ann:${password}@db.example/shop?sslmode=require`)
      expect(failure).toMatch(/with \/ and \? of the password as %2F and %3F$/)
      expect(failure).not.toContain('secret')
    },
  )

  it('reads hosts, user, password and database', () => {
    expect(readDatabaseUrl('postgresql://ann:s%40:cret@db.example:6543/my%20shop')).toMatchObject({
      hosts: [{ host: 'db.example', port: 6543 }],
      user: 'ann',
      password: 's@:cret',
      database: 'my shop',
      tls: undefined,
      parameters: {},
      unused: [],
    })
  })

  it.each([
    ['postgres://', [], undefined, undefined],
    ['postgres:///shop', [], 'shop', undefined],
    ['postgres://ann:@[::1]:7000', [['::1', 7000]], undefined, 'ann'],
    [
      'postgres://a:1,b,[::2]:3/shop',
      [
        ['a', 1],
        ['b', 5432],
        ['::2', 3],
      ],
      'shop',
      undefined,
    ],
    [
      'postgres://%2Fvar%2Frun%2Fpostgresql/shop',
      [['/var/run/postgresql', 5432]],
      'shop',
      undefined,
    ],
    ['postgres:///shop?host=/tmp&port=7', [['/tmp', 7]], 'shop', undefined],
    [
      'postgres://x/y?host=a,b&port=1,2&user=bob&dbname=z',
      [
        ['a', 1],
        ['b', 2],
      ],
      'z',
      'bob',
    ],
    ['postgres://ann@bob:p@host', [['host', 5432]], undefined, 'ann@bob'],
  ])('reads %s as libpq does', (url, hosts, database, user) => {
    const read = readDatabaseUrl(url)
    expect(read.hosts.map(({ host, port }) => [host, port])).toEqual(hosts)
    expect([read.database, read.user]).toEqual([database, user])
  })

  it('gives back any user, password, database and parameter that was encoded', () => {
    const text = fc.string({ minLength: 1, unit: 'binary' }).filter((each) => each.isWellFormed())
    fc.assert(
      fc.property(text, text, text, text, (user, password, database, options) => {
        const encoded = [user, password, database, options].map(encodeURIComponent)
        const url = `postgres://${encoded[0]}:${encoded[1]}@host/${encoded[2]}?options=${encoded[3]}`
        expect(readDatabaseUrl(url)).toMatchObject({
          user,
          password,
          database,
          parameters: { options },
        })
      }),
    )
  })

  it('takes a parameter for unused that only an object knows', () => {
    const { unused } = readDatabaseUrl(`${at}?toString=1&constructor&pgbouncer=maybe`)
    expect(unused).toEqual(['toString', 'constructor', 'pgbouncer'])
  })

  it('fails in its own words on whatever else it is given', () => {
    fc.assert(
      fc.property(fc.string(), fc.string(), (one, other) => {
        for (const url of [one, `postgres://${one}`, `postgres://a:b@${one}?${other}`])
          expect(failureOf(url)).toMatch(/^$|^a URL (like|with|without) /)
      }),
    )
  })

  it.each([
    ['mysql://a/b', /^a URL like postgres:\/\//],
    ['postgres://a:b%@c/d', /, with % itself as %25$/],
    ['postgres://a:0/d', /, with a port from 1 to 65535$/],
    ['postgres://a:99999/d', /, with a port/],
    ['postgres://[::1/d', /^a URL like/],
    [`${at}?schema=other`, /^a URL without schema=other: the tables are in public/],
    [`${at}?service=shop`, /^a URL without service=shop/],
    [`${at}?require_auth=scram-sha-256`, /^a URL without require_auth=/],
    [`${at}?gssencmode=require`, /^a URL without gssencmode=require/],
    ['postgres://ann@db/shop?passfile=/x', /^a URL with the password itself/],
    [`${at}?sslmode=on`, /^a URL with one of the sslmodes disable, .*; it has on$/],
    [`${at}?sslmode=require&sslrootcert=system`, /^a URL with sslmode=verify-full/],
    [`${at}?target_session_attrs=x`, /^a URL with one of the target_session_attrs any, /],
    ['postgres://1.2.3.4,5.6.7.8/d?sslmode=verify-full', /^a URL with names, not addresses/],
    ['postgres:///d?host=/tmp,/var', /^a URL with one directory/],
  ])('refuses %s, and says what it should be', (url, reason) => {
    expect(failureOf(url)).toMatch(reason)
    expect(failureOf(url)).not.toMatch(/secret/)
  })

  it.each([
    ['', undefined],
    ['sslmode=disable', undefined],
    ['ssl=false', undefined],
    ['sslmode=allow', 'prefer'],
    ['sslmode=prefer', 'prefer'],
    ['sslmode=require', 'require'],
    ['sslmode=no-verify', 'require'],
    ['ssl=true', 'require'],
    ['ssl=require', 'require'],
    ['sslmode=require&sslrootcert=/ca.pem', 'ca'],
    ['sslmode=verify-ca', 'ca'],
    ['sslmode=verify-full', 'full'],
    ['sslrootcert=system', 'full'],
  ])('takes %s for the mode %s', (query, mode) => {
    expect(readDatabaseUrl(`${at}?${query}`).tls?.mode).toBe(mode)
  })

  it('uses what asks for nothing else, and passes on what the server is to have', () => {
    const query =
      'schema=public&gssencmode=prefer&channel_binding=prefer&client_encoding=utf8&target_session_attrs=any&keepalives=1&pgbouncer=true&options=-c%20jit%3Doff&application_name=shop+1'
    expect(readDatabaseUrl(`${at}?${query}`)).toMatchObject({
      unused: [],
      isPooled: true,
      sessionAttributes: undefined,
      parameters: { options: '-c jit=off', application_name: 'shop+1' },
    })
  })
})

describe('unusedLine', () => {
  it('names in one line each parameter that is left out, and the variable that has its place', () => {
    const url = readDatabaseUrl(
      `${at}?sslmode=require&channel_binding=require&connect_timeout=3&connection_limit=5&whatever=1`,
    )
    expect(unusedLine('DATABASE_URL', url)).toBe(
      'DATABASE_URL: not used, and best removed: channel_binding, connect_timeout (CONNECT_TIMEOUT says it), connection_limit (POOL_SIZE says it), whatever',
    )
    expect(unusedLine('DATABASE_URL', readDatabaseUrl(at))).toBeUndefined()
  })
})

describe('addressOf', () => {
  it.each([
    ['postgres://ann:secret@db.example:6543/shop', 'db.example:6543/shop'],
    ['postgres://db.example/shop', 'db.example:5432/shop'],
    ['postgres:///shop', 'localhost:5432/shop'],
    ['postgres://[::1]/shop', '[::1]:5432/shop'],
    ['postgres://ann@a,b:7/', 'a:5432,b:7/ann'],
    ['postgres:///shop?host=/tmp', '/tmp:5432/shop'],
  ])('of %s is %s', (url, address) => {
    expect(addressOf(url)).toBe(address)
  })
})
