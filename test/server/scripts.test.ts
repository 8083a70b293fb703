import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { scalarVersion } from '../../src/http/docs.ts'
import { encoder } from '../../src/http/encoding.ts'
import { compress } from '../../src/server/compress.ts'
import { type Listening, listen } from '../../src/server/listen.ts'
import { installedScripts, scriptsIn } from '../../src/server/scripts.ts'
import { createTestApp, type TestApp } from '../support/app.ts'
import { sent } from '../support/raw.ts'

const path = `/docs/scalar/${scalarVersion}`
const directory = mkdtempSync(join(tmpdir(), 'shopboard-scripts-'))
afterAll(() => rmSync(directory, { recursive: true }))

describe('the scripts of the reference page', () => {
  let app: TestApp
  let server: Listening
  beforeAll(async () => {
    app = await createTestApp({
      services: { scripts: installedScripts(), encode: encoder(compress) },
    })
    server = await listen(app.app.fetch, { host: '127.0.0.1', port: 0 })
  })
  afterAll(async () => {
    await server.drain(0)
    await app.close()
  })

  it('are there right after npm ci', () => {
    const installed = scriptsIn(
      new URL('../../node_modules/@scalar/api-reference/dist/browser', import.meta.url),
    )
    expect(installed?.has('standalone.esm.js')).toBe(true)
    expect(installedScripts()?.size).toBe(installed?.size)
  })

  it('are served to be kept for ever, compressed, with all they import', async () => {
    const response = await fetch(`${server.url}${path}/standalone.esm.js`, {
      headers: { 'Accept-Encoding': 'br' },
    })
    expect(response.status).toBe(200)
    expect(response.headers.get('content-type')).toBe('text/javascript; charset=utf-8')
    expect(response.headers.get('cache-control')).toBe('public, max-age=31536000, immutable')
    expect(response.headers.get('content-encoding')).toBe('br')
    const chunks = new Set((await response.text()).match(/chunks\/[\w.-]+\.js/g))
    expect(chunks.size).toBeGreaterThan(5)
    for (const name of chunks)
      expect((await fetch(`${server.url}${path}/${name}`)).status, name).toBe(200)
  })

  it('are those that package.json pins', () => {
    const { devDependencies } = JSON.parse(readFileSync('package.json', 'utf8'))
    expect(devDependencies['@scalar/api-reference']).toBe(scalarVersion)
  })

  it.each([
    '/docs/scalar/../../package.json',
    `${path}/../../../package.json`,
    `${path}/chunks/../../package.json`,
    `${path}/%2e%2e/%2e%2e/package.json`,
    `${path}/..%2f..%2fpackage.json`,
    `${path}/..%5c..%5cpackage.json`,
    `${path}/%252e%252e%252fpackage.json`,
    `${path}/....//package.json`,
    `${path}//etc/passwd`,
    `${path}/%2fetc%2fpasswd`,
    `${path}/file:///etc/passwd`,
    `${path}/standalone.esm.js%00.map`,
    `${path}/standalone.esm.js.map`,
    `${path}/standalone.js`,
    `${path}/STANDALONE.ESM.JS`,
    `${path}/chunks`,
    `${path}/chunks/`,
    `${path}/`,
    `${path}/constructor`,
    `${path}/__proto__`,
    '/docs/scalar/standalone.esm.js',
    '/docs/scalar/0.0.1/standalone.esm.js',
  ])('are no other file: %s', async (attack) => {
    const answer = await sent(server.url, `GET ${attack} HTTP/1.1\r\nHost: localhost\r\n\r\n`)
    expect(answer).toMatch(/^HTTP\/1\.1 40[04] /)
    expect(answer).toContain('application/problem+json')
    expect(answer).not.toMatch(/root:|"devDependencies"/)
  })
})

describe('scriptsIn', () => {
  it('lists scripts, and nothing that a link leads to', async () => {
    mkdirSync(join(directory, 'chunks'))
    writeFileSync(join(directory, 'standalone.esm.js'), 'start')
    writeFileSync(join(directory, 'chunks/a-1.js'), 'chunk')
    writeFileSync(join(directory, 'chunks/a-1.js.map'), 'map')
    writeFileSync(join(directory, 'secret.js'), 'secret')
    symlinkSync(join(directory, 'secret.js'), join(directory, 'chunks/link.js'))
    symlinkSync('/etc', join(directory, 'chunks/etc'))
    const scripts = scriptsIn(pathToFileURL(directory))
    expect([...(scripts?.keys() ?? [])].toSorted()).toEqual(['chunks/a-1.js', 'standalone.esm.js'])
    expect(await scripts?.get('chunks/a-1.js')?.()).toBe('chunk')
  })

  it('knows none where there is no such directory', () => {
    expect(scriptsIn(new URL('file:///nowhere/at/all'))).toBeUndefined()
  })
})

describe('npm run build:reference', () => {
  it('copies what the server serves, once and again', async () => {
    const target = join(directory, 'built')
    for (const _ of [1, 2]) execFileSync(process.execPath, ['scripts/build-reference.ts', target])
    const built = scriptsIn(pathToFileURL(join(target, path)))
    const installed = installedScripts()
    expect([...(built?.keys() ?? [])].toSorted()).toEqual([...(installed?.keys() ?? [])].toSorted())
    expect(readFileSync(join(target, '_headers'), 'utf8')).toContain('immutable')
  })
})
