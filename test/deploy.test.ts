import { execFile } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Listening, listen } from '../src/server/listen.ts'
import { createTestApp, type TestApp } from './support/app.ts'

const read = (path: string) => readFileSync(new URL(`../${path}`, import.meta.url), 'utf8')
const dockerfile = read('Dockerfile')
const instruction = (name: string) => new RegExp(`^${name} (.*)$`, 'm').exec(dockerfile)?.[1] ?? ''

describe('the Dockerfile', () => {
  it('copies what a checkout has, or the build makes', () => {
    const sources = [...dockerfile.matchAll(/^COPY --from=build \/build\/(\S+)/gm)].map(
      ([, at]) => at,
    )
    expect(sources).toEqual([
      'package.json',
      'node_modules',
      'drizzle',
      'scripts/preload.js',
      'bin',
      'dist',
    ])
    const missing = sources.filter((at) => at !== 'dist' && !existsSync(at ?? ''))
    expect(missing).toEqual([])
  })

  it('starts the command of the package', () => {
    const [node, script] = JSON.parse(instruction('ENTRYPOINT'))
    expect(node).toBe('node')
    expect(JSON.parse(read('package.json')).bin.shopboard.replace('./', '')).toBe(script)
  })

  it('runs on the Node that the tests run on', () => {
    const major = process.versions.node.split('.')[0]
    expect(dockerfile.match(/^FROM node:(\d+)/gm)).toEqual(Array(2).fill(`FROM node:${major}`))
  })
})

describe('the health check of the image', () => {
  let app: TestApp
  let server: Listening
  let isReady = true
  beforeAll(async () => {
    app = await createTestApp({ services: { isReady: () => isReady } })
    server = await listen(app.app.fetch, { host: '127.0.0.1', port: 0 })
  })
  afterAll(async () => {
    await server.drain(0)
    await app.close()
  })

  const [, ...args] = JSON.parse(/HEALTHCHECK[\s\S]*?CMD (\[.*\])/.exec(dockerfile)?.[1] ?? '[]')
  const exitCode = (port: string) =>
    promisify(execFile)(process.execPath, args, { env: { PORT: port } }).then(
      () => 0,
      ({ code }) => code,
    )

  it('passes where the server is ready', async () => {
    isReady = true
    expect(await exitCode(new URL(server.url).port)).toBe(0)
  })

  it('fails where it is not, and where nothing listens', async () => {
    isReady = false
    expect(await exitCode(new URL(server.url).port)).toBe(1)
    expect(await exitCode('1')).toBe(1)
  })
})

describe('the unit of systemd', () => {
  it('starts what the image starts, and gives it the time to finish', () => {
    const unit = read('deploy/shopboard.service')
    expect(unit).toMatch(
      /^ExecStart=\/usr\/bin\/env node node_modules\/shopboard\/bin\/shopboard\.js serve$/m,
    )
    const drain = Number(
      /drainTimeout = ([\d_]+)/.exec(read('src/server/serve.ts'))?.[1]?.replace('_', ''),
    )
    const stop = Number(/^TimeoutStopSec=(\d+)$/m.exec(unit)?.[1])
    const grace = Number(/stop_grace_period: (\d+)s/.exec(read('compose.yaml'))?.[1])
    expect(stop * 1000).toBeGreaterThan(drain)
    expect(grace * 1000).toBeGreaterThan(drain)
  })
})
