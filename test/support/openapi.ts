import { createConfig, lintFromString } from '@redocly/openapi-core'
import spectralCore from '@stoplight/spectral-core'
import spectralParsers from '@stoplight/spectral-parsers'
import spectralRulesets from '@stoplight/spectral-rulesets'
import { createApp } from '../../src/app.ts'
import { anyone } from '../../src/auth/caller.ts'
import { noCache } from '../../src/cache/cache.ts'
import { cursorCodec } from '../../src/http/paging/cursor.ts'

/** The OpenAPI document as it is served, by an app without a database. */
export async function openApiText(): Promise<string> {
  const app = createApp({
    pool() {
      throw new Error('The document needs no database')
    },
    callerOf: () => anyone,
    countView: () => {},
    cursors: cursorCodec(new Uint8Array(32)),
    requestTimeout: 1000,
    cache: noCache,
    observe: () => {},
    runtime: 'node',
    keepAlive: () => {},
    isReady: () => true,
  })
  return (await app.request('/openapi.json')).text()
}

/** What Redocly's recommended rules say against a document, warnings too: where, the rule and its message. */
export async function redoclyFaults(source: string): Promise<string[]> {
  const config = await createConfig({ extends: ['recommended'] })
  const faults = await lintFromString({ source, absoluteRef: 'openapi.json', config })
  return faults.map(
    ({ location, ruleId, message }) => `redocly ${location[0]?.pointer} ${ruleId}: ${message}`,
  )
}

/** What Spectral's rules for OpenAPI say against a document, hints too. */
export async function spectralFaults(source: string): Promise<string[]> {
  const spectral = new spectralCore.Spectral()
  spectral.setRuleset(
    new spectralCore.Ruleset({
      extends: [spectralRulesets.oas],
      // it knows OpenAPI 3.0: in 3.1 a bearer key may list roles, too; that the scheme is defined Redocly sees
      rules: { 'oas3-operation-security-defined': 'off' },
    }),
  )
  const document = new spectralCore.Document(source, spectralParsers.Json, 'openapi.json')
  const faults = await spectral.run(document)
  return faults.map(({ path, code, message }) => `spectral #/${path.join('/')} ${code}: ${message}`)
}
