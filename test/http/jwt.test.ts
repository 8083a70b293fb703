import { createServer, type Server } from 'node:http'
import { sign } from 'hono/jwt'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { jwtJudge } from '../../src/http/jwt.ts'

const issuer = 'https://issuer.example'
const audience = 'shopboard'
const algorithm = { name: 'ECDSA', namedCurve: 'P-256' }

/** An issuer's key, and what it publishes of it. */
async function keyNamed(kid: string) {
  const pair = await crypto.subtle.generateKey(algorithm, true, ['sign', 'verify'])
  const [own, shown] = await Promise.all(
    [pair.privateKey, pair.publicKey].map((key) => crypto.subtle.exportKey('jwk', key)),
  )
  const more = { kid, alg: 'ES256' as const }
  return { own: { ...own, ...more }, shown: { ...shown, ...more } }
}

let server: Server
let url: string
let fetched = 0
/** What the issuer answers with. */
let answer: () => { status: number; body: string }
let known: Awaited<ReturnType<typeof keyNamed>>
beforeAll(async () => {
  known = await keyNamed('known')
  server = createServer((_, outgoing) => {
    fetched += 1
    const { status, body } = answer()
    outgoing.writeHead(status).end(body)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  url = `http://127.0.0.1:${typeof address === 'object' && address ? address.port : 0}/jwks`
})
afterAll(() => void server.close())

const publish = (...keys: unknown[]) => {
  answer = () => ({ status: 200, body: JSON.stringify({ keys }) })
}
const judge = (scopeClaim = 'scope') => jwtJudge({ url, issuer, audience, scopeClaim })
const inAnHour = () => Math.floor(Date.now() / 1000) + 3600
const claims = () => ({ iss: issuer, aud: audience, sub: 'grace', exp: inAnHour(), scope: 'read' })

describe('a token of the issuer', () => {
  it.each([
    ['openid read write', ['read', 'write']],
    ['admin', ['admin']],
    ['shopboard:read READ', []],
    ['', []],
  ])('has the scopes of its claim: %s', async (scope, scopes) => {
    publish(known.shown)
    const token = await sign({ ...claims(), scope }, known.own)
    expect(await judge()(token)).toMatchObject({ caller: { actor: 'jwt:grace', scopes } })
  })

  it('may have them as a list, in another claim', async () => {
    publish(known.shown)
    const token = await sign({ ...claims(), roles: ['read', 7] }, known.own)
    expect(await judge('roles')(token)).toMatchObject({ caller: { scopes: ['read'] } })
  })

  it('may begin a little later, by a clock that is ahead of ours', async () => {
    publish(known.shown)
    const nbf = Math.floor(Date.now() / 1000) + 30
    const token = await sign({ ...claims(), nbf }, known.own)
    expect(await judge()(token)).toMatchObject({ caller: { actor: 'jwt:grace' } })
  })

  it('is verified by keys that are fetched once', async () => {
    publish(known.shown)
    const judged = judge()
    const token = await sign(claims(), known.own)
    fetched = 0
    await Promise.all([judged(token), judged(token)])
    await judged(token)
    expect(fetched).toBe(1)
  })

  it.each<[string, Record<string, unknown>]>([
    ['another issuer', { iss: 'https://other.example' }],
    ['another audience', { aud: 'other' }],
    ['no audience', { aud: undefined }],
    ['no subject', { sub: undefined }],
    ['a subject that no log can have', { sub: 'a\u0000' }],
    ['no end', { exp: undefined }],
    ['an end gone by', { exp: 1 }],
    ['a start that is no time', { nbf: 'now' }],
    ['a start that lies ahead', { nbf: Math.floor(Date.now() / 1000) + 3600 }],
  ])('is refused with %s', async (_, changed) => {
    publish(known.shown)
    const token = await sign({ ...claims(), ...changed }, known.own)
    expect(await judge()(token)).toEqual({ caller: undefined, refusal: expect.any(String) })
  })
})

describe('a forged token', () => {
  const part = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url')

  it('is refused, whatever it pretends', async () => {
    publish(known.shown, { kty: 'oct', kid: 'secret', k: part('secret') }, 'no key', {
      kid: 'known',
    })
    const other = await keyNamed('known')
    const [head = '', body = '', signature = ''] = (await sign(claims(), known.own)).split('.')
    const forged = [
      await sign(claims(), other.own),
      `${part({ alg: 'none', typ: 'JWT', kid: 'known' })}.${body}.`,
      `${part({ alg: 'HS256', typ: 'JWT', kid: 'known' })}.${body}.${signature}`,
      `${part({ alg: 'HS256', typ: 'JWT', kid: 'secret' })}.${body}.${signature}`,
      `${head}.${part({ ...claims(), scope: 'admin' })}.${signature}`,
      `${head}.${body}.`,
      `${head}.${body}`,
      `${part({ alg: 'ES256', typ: 'JWT' })}.${body}.${signature}`,
      `${part({ alg: 'ES256', typ: 'JWT', kid: '__proto__' })}.${body}.${signature}`,
      '..',
      'a.b.c',
    ]
    const judged = judge()
    for (const token of forged)
      expect([token, await judged(token)]).toEqual([
        token,
        { caller: undefined, refusal: 'The token is not valid here.' },
      ])
  })
})

describe('an issuer', () => {
  it.each([
    ['fails', { status: 500, body: '' }],
    ['answers nonsense', { status: 200, body: '<html>' }],
    ['has no keys', { status: 200, body: '{}' }],
    ['redirects', { status: 302, body: '' }],
  ])('that %s is told as a 503 of its own', async (_, failure) => {
    answer = () => failure
    const token = await sign(claims(), known.own)
    await expect(judge()(token)).rejects.toMatchObject({ code: 'issuer_unavailable', status: 503 })
  })

  it('is asked little by a crowd of tokens whose keys nobody knows', async () => {
    publish(known.shown)
    const judged = judge()
    fetched = 0
    for (let i = 0; i < 50; i++) await judged(await sign(claims(), (await keyNamed(`k${i}`)).own))
    expect(fetched).toBe(1)
    expect((await judged(await sign(claims(), known.own))).caller).toBeDefined()
  })
})
