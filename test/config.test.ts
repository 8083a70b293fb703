import { describe, expect, it } from 'vitest'
import { isDoorOpen, readConfig } from '../src/config.ts'

const faultsOf = (env: Record<string, string>) => {
  try {
    readConfig(env)
    return []
  } catch (error) {
    return error instanceof Error ? error.message.split('\n') : [String(error)]
  }
}

describe('readConfig', () => {
  it('serves the embedded database on the loopback where nothing is set', () => {
    expect(readConfig({})).toMatchObject({
      databaseUrl: undefined,
      dataDir: '.data',
      demo: true,
      host: '127.0.0.1',
      port: 3000,
    })
  })

  it('takes an empty variable for an unset one', () => {
    expect(readConfig({ PORT: '', DATABASE_URL: '', DEMO: '' })).toEqual(readConfig({}))
  })

  it('fills no demo into a database of one’s own', () => {
    expect(readConfig({ DATABASE_URL: 'postgres://localhost/shop' }).demo).toBe(false)
  })

  it('fits the limits that are not set into the request timeout', () => {
    expect(readConfig({ REQUEST_TIMEOUT: '301' })).toMatchObject({
      statementTimeout: 301,
      lockTimeout: 301,
      connectTimeout: 301,
      acquireTimeout: 150,
    })
  })

  it('takes the hosts it may answer for, however they are written', () => {
    expect(readConfig({ ALLOWED_HOSTS: 'Shop.example, api.shop.example' }).allowedHosts).toEqual([
      'shop.example',
      'api.shop.example',
    ])
  })

  it.each([
    ['1', 1],
    ['Loopback, 10.0.0.0/8,2001:DB8::/32', ['loopback', '10.0.0.0/8', '2001:db8::/32']],
  ])('takes the proxies it may believe: %s', (given, trustProxy) => {
    expect(readConfig({ TRUST_PROXY: given }).trustProxy).toEqual(trustProxy)
  })

  it('limits callers of this machine by key only where it is told how often a key may ask', () => {
    expect(readConfig({})).toMatchObject({ rateLimitKey: 6000, isLoopbackLimited: false })
    const told = { rateLimitKey: 6000, isLoopbackLimited: true }
    expect(readConfig({ RATE_LIMIT_KEY: '6000' })).toMatchObject(told)
    expect(readConfig({ RATE_LIMIT_KEY: 'off' }).rateLimitKey).toBe('off')
  })

  it('keeps the password of Redis to itself', () => {
    expect(faultsOf({ REDIS_URL: 'secret@localhost' }).join()).not.toContain('secret')
  })

  it.each([
    ['*', ['*']],
    [
      'HTTPS://App.Example:443, http://localhost:5173',
      ['https://app.example', 'http://localhost:5173'],
    ],
    ['http://[::1]:8080', ['http://[::1]:8080']],
    ['https://bücher.example', ['https://xn--bcher-kva.example']],
    ['capacitor://localhost', ['capacitor://localhost']],
  ])('writes the origins of CORS_ORIGINS as browsers do: %s', (given, origins) => {
    expect(readConfig({ CORS_ORIGINS: given }).corsOrigins).toEqual(origins)
  })

  it.each([
    ['PORT', '70000', 'from 0 to 65535'],
    ['PORT', '3000.5', 'from 0 to 65535'],
    ['PORT', '1e3', 'from 0 to 65535'],
    ['PORT', '9'.repeat(300), 'from 0 to 65535'],
    ['POOL_SIZE', '0', 'from 1 to 1000'],
    ['POOL_QUEUE_LIMIT', '-1', 'from 0'],
    ['REQUEST_TIMEOUT', '10s', 'milliseconds'],
    ['CACHE', 'yes', 'on, off'],
    ['NODE_ENV', 'Production', 'production, development, test'],
    ['LOG_LEVEL', 'loud', 'silent'],
    ['HOST', 'my host', 'host name'],
    ['ALLOWED_HOSTS', 'https://shop.example/', 'host names'],
    ['CORS_ORIGINS', 'app.example', 'https://app.example'],
    ['CORS_ORIGINS', 'https://app.example/', 'https://app.example'],
    ['CORS_ORIGINS', 'https://*.example', 'https://app.example'],
    ['CORS_ORIGINS', 'https://user@app.example', 'https://app.example'],
    ['CORS_ORIGINS', 'https://app.example:99999', 'https://app.example'],
    ['CORS_ORIGINS', 'https://a.example, null', 'https://app.example'],
    ['CORS_ORIGINS', '*,https://app.example', 'https://app.example'],
    ['CORS_ORIGINS', 'https://a.example,', 'https://app.example'],
    ['TRUST_PROXY', 'on', 'a number of proxies'],
    ['TRUST_PROXY', '0', 'a number of proxies'],
    ['TRUST_PROXY', '10.0.0.0/33', 'networks like loopback'],
    ['TRUST_PROXY', '0177.0.0.1', 'networks like loopback'],
    ['TRUST_PROXY', 'loopback,', 'networks like loopback'],
    ['RATE_LIMIT_KEY', '0', 'off, or a whole number'],
    ['RATE_LIMIT_ADDRESS', 'on', 'off, or a whole number'],
    ['REDIS_URL', 'localhost:6379', 'redis://'],
    ['MAX_CONNECTIONS', '0', 'from 1'],
    ['HEADERS_TIMEOUT', '1', 'milliseconds'],
    ['CACHE_SIZE', '0', 'MiB'],
    ['CURSOR_SECRET', 'short', '32 characters'],
    ['DATABASE_URL', 'mysql://localhost/shop', 'postgres://'],
    ['DATABASE_URL', 'localhost:5432', 'postgres://'],
    ['DATABASE_URL', 'postgres://localhost/shop?schema=other', 'a URL without schema=other'],
    ['POOLER', 'session', 'none, transaction'],
    ['MIGRATE', 'no', 'on, off'],
    ['DATABASE_URL', 'postgres://user:%zz@localhost/shop', 'postgres://'],
  ])('refuses %s=%s and says what it should be', (name, value, should) => {
    const [fault, ...others] = faultsOf({ [name]: value })
    expect(fault).toMatch(new RegExp(`^${name} should be `))
    expect(fault).toContain(should)
    expect(others).toEqual([])
  })

  it.each([
    ['DATABASE_URL', { NODE_ENV: 'production' }],
    ['DATA_DIR', { DATABASE_URL: 'postgres://localhost/shop', DATA_DIR: '.data' }],
    ['DEMO', { DATABASE_URL: 'postgres://localhost/shop', DEMO: 'on' }],
    ['POOLER', { POOLER: 'transaction' }],
    ['DATABASE_DIRECT_URL', { DATABASE_DIRECT_URL: 'postgres://localhost/shop' }],
    ['STATEMENT_TIMEOUT', { STATEMENT_TIMEOUT: '10001' }],
    ['POOL_ACQUIRE_TIMEOUT', { REQUEST_TIMEOUT: '500', POOL_ACQUIRE_TIMEOUT: '500' }],
    ['CONNECT_TIMEOUT', { REQUEST_TIMEOUT: '500', CONNECT_TIMEOUT: '501' }],
    ['HEADERS_TIMEOUT', { BODY_TIMEOUT: '500', HEADERS_TIMEOUT: '501' }],
    ['LOCK_TIMEOUT', { STATEMENT_TIMEOUT: '500', LOCK_TIMEOUT: '501' }],
    ['LOCK_TIMEOUT', { REQUEST_TIMEOUT: '500', LOCK_TIMEOUT: '501' }],
  ])('refuses the %s that contradicts another variable', (name, env) => {
    const [fault, ...others] = faultsOf(env)
    expect(fault).toMatch(new RegExp(`^${name} should `))
    expect(others).toEqual([])
  })

  it.each([
    [{}, 'none'],
    [{ POOLER: 'transaction' }, 'transaction'],
    [{ DATABASE_URL: 'postgres://localhost/shop?pgbouncer=true' }, 'transaction'],
    [{ DATABASE_URL: 'postgres://localhost/shop?pgbouncer=true', POOLER: 'none' }, 'none'],
  ])('takes the pooler of %j for %s', (env, pooler) => {
    expect(readConfig({ DATABASE_URL: 'postgres://localhost/shop', ...env }).pooler).toBe(pooler)
  })

  it('warns in a line of what is not used of a URL', () => {
    const DATABASE_URL = 'postgres://ann:hunter2@localhost/shop?channel_binding=require'
    expect(readConfig({ DATABASE_URL }).warnings).toEqual([
      'DATABASE_URL: not used, and best removed: channel_binding',
    ])
  })

  it('names every fault at once, contradictions too', () => {
    const faults = faultsOf({
      NODE_ENV: 'production',
      PORT: 'x',
      CACHE: 'x',
      STATEMENT_TIMEOUT: '99999',
    })
    expect(faults.map((fault) => fault.split(' ')[0])).toEqual([
      'PORT',
      'CACHE',
      'DATABASE_URL',
      'STATEMENT_TIMEOUT',
    ])
  })

  it('never repeats a secret', () => {
    const faults = faultsOf({ DATABASE_URL: 'http://u:hunter2@h/d', CURSOR_SECRET: 'hunter2' })
    expect(faults).toHaveLength(2)
    expect(faults.join()).not.toContain('hunter2')
  })
})

describe('who has to show a key', () => {
  const url = 'postgres://localhost/shop'

  it.each([
    [{}, false],
    [{ HOST: 'localhost' }, false],
    [{ HOST: '::1' }, false],
    [{ HOST: '127.0.0.2' }, false],
    [{ HOST: '0.0.0.0' }, true],
    [{ HOST: '::' }, true],
    [{ HOST: '127.0.0.1.example.com' }, true],
    [{ DATABASE_URL: url }, true],
    [{ DATABASE_URL: url, AUTH: '' }, true],
    [{ AUTH: 'on' }, true],
    [{ DATABASE_URL: url, AUTH: 'off' }, false],
  ])('with %j: %s', (env: Record<string, string>, isAuthenticating) => {
    expect(readConfig(env)).toMatchObject({ isAuthenticating })
  })

  it.each([
    [{ AUTH: 'off' }, false],
    [{ DATABASE_URL: url, AUTH: 'off' }, true],
    [{ HOST: '0.0.0.0', AUTH: 'off' }, true],
    [{ DATABASE_URL: url }, false],
  ])(
    'is told at each start where nobody has, off one’s own machine, with %j: %s',
    (env, isTold) => {
      expect(isDoorOpen(readConfig(env))).toBe(isTold)
    },
  )

  it.each([
    [{ AUTH: 'false' }, ['AUTH should be one of on, off; it is "false"']],
    [
      { JWKS_URL: 'http://issuer.example/jwks', JWT_ISSUER: 'a', JWT_AUDIENCE: 'b' },
      [expect.stringMatching(/^JWKS_URL should be an https URL/)],
    ],
    [
      { JWKS_URL: 'https://issuer.example/jwks' },
      [
        expect.stringMatching(/^JWT_ISSUER should be set/),
        expect.stringMatching(/^JWT_AUDIENCE should be set/),
      ],
    ],
    [{ JWT_AUDIENCE: 'b' }, ['JWT_AUDIENCE should not be set without JWKS_URL']],
  ])('is not left to chance: %j', (env: Record<string, string>, faults) => {
    expect(faultsOf(env)).toEqual(faults)
  })
})
