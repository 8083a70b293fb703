import { Hono } from 'hono'
import { html, raw } from 'hono/html'
import type { Entry } from '../cache/cache.ts'
import { notFound } from '../errors/error.ts'
import { entryOf, send } from './answer.ts'
import type { AppEnv, Scripts } from './context.ts'
import { hashSource, pageHeaders, pageOf, policyOf } from './page.ts'

/** Of @scalar/api-reference, as package.json pins it. */
export const scalarVersion = '1.72.1'
/** The version is in the path: what is under it never changes. */
const scriptsPath = `/docs/scalar/${scalarVersion}`

/** The reference page at /docs, made in the browser from /openapi.json; nothing of it comes from elsewhere. */
export function docs(scripts: Scripts | undefined): Hono<AppEnv> {
  const routes = new Hono<AppEnv>()
  if (scripts === undefined)
    return routes.get('/docs', async (c) => send(c, await withoutScripts()))
  routes.get('/docs', async (c) => send(c, await reference()))
  if (scripts === 'platform') return routes
  const loaded = new Map<string, Entry>()
  return routes.get(`${scriptsPath}/:name{.+}`, async (c) => {
    const name = c.req.param('name')
    const read = scripts.get(name)
    if (!read) throw notFound('Script')
    const entry = loaded.get(name) ?? entryOf(await read(), scriptHeaders)
    loaded.set(name, entry)
    return send(c, entry)
  })
}

const scriptHeaders = {
  'Content-Type': 'text/javascript; charset=utf-8',
  'Cache-Control': 'public, max-age=31536000, immutable',
}

/** What would ask other hosts, or offer to, is off: telemetry, fonts, agent, MCP, client and developer tools. */
const configuration = {
  url: '/openapi.json',
  defaultOpenAllTags: true,
  withDefaultFonts: false,
  telemetry: false,
  agent: { disabled: true },
  mcp: { disabled: true },
  hideClientButton: true,
  showDeveloperTools: 'never',
}

const start = `
import { createApiReference } from '${scriptsPath}/standalone.esm.js'
const configuration = ${JSON.stringify(configuration)}
createApiReference('#reference', { ...configuration, servers: [{ url: location.origin }] })
`

/** Scalar writes its styles as it renders, inline and into elements. */
const referenceHeaders = {
  ...pageHeaders,
  'Content-Security-Policy': policyOf({
    'script-src': `'self' ${hashSource(start)}`,
    'style-src': "'self' 'unsafe-inline'",
    'connect-src': "'self'",
    'img-src': "'self' data:",
    'font-src': "'self' data:",
  }),
}

async function reference(): Promise<Entry> {
  const page = await html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Reference · Shopboard</title>
<link rel="icon" href="/favicon.svg" type="image/svg+xml">
</head>
<body>
<main id="reference"></main>
<noscript><p>The reference is made by JavaScript. <a href="/openapi.json">/openapi.json</a> tells the same.</p></noscript>
<script type="module">${raw(start)}</script>
</body>
</html>
`
  return entryOf(page.toString(), referenceHeaders)
}

async function withoutScripts(): Promise<Entry> {
  const page = await pageOf({
    title: 'Reference',
    lead: 'The scripts of the reference page are not installed here.',
    body: html`<main>
<p><a href="/openapi.json">/openapi.json</a> is what it would show: open it with any OpenAPI viewer.
<code>npm run build:reference</code> installs the scripts in a checkout.</p>
</main>`,
  })
  return entryOf(page, pageHeaders)
}
