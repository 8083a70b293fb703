import { sha256 } from '@noble/hashes/sha2.js'
import type { Context } from 'hono'
import { accepts } from 'hono/accepts'
import { html, raw } from 'hono/html'
import type { AppEnv } from './context.ts'
import { style } from './style.ts'

type Html = ReturnType<typeof html>

/** The value of a `Content-Security-Policy`: nothing is allowed but what these directives name. */
export const policyOf = (directives: Readonly<Record<string, string>>) =>
  Object.entries({
    'default-src': "'none'",
    'base-uri': "'none'",
    'form-action': "'none'",
    'frame-ancestors': "'none'",
    ...directives,
  })
    .map(([name, sources]) => `${name} ${sources}`)
    .join('; ')

/** How a policy names the one inline script or style that may run. */
export const hashSource = (text: string) =>
  `'sha256-${btoa(String.fromCharCode(...sha256(new TextEncoder().encode(text))))}'`

/** Headers of a page: no script runs on it, and no other site frames it. */
export const pageHeaders = {
  'Content-Type': 'text/html; charset=utf-8',
  'Content-Security-Policy': policyOf({ 'style-src': hashSource(style), 'img-src': "'self'" }),
}

export type Page = { readonly title: string; readonly lead: string; readonly body: Html }

/** A whole page; values in `html` are escaped. */
export async function pageOf({ title, lead, body }: Page): Promise<string> {
  const page = await html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${title === 'Shopboard' ? title : `${title} · Shopboard`}</title>
<meta name="description" content="${lead}">
<link rel="icon" href="/favicon.svg" type="image/svg+xml">
<style>${raw(style)}</style>
</head>
<body>
<header>
${raw(mark)}
<h1>${title}</h1>
<p>${lead}</p>
</header>
${body}
</body>
</html>
`
  return page.toString()
}

/** Whether the client would rather read a page than JSON: a browser, that is, and not curl. */
export const wantsPage = (c: Context<AppEnv>) =>
  // reading a longer one takes up to 30 ms; browsers send some 150 characters
  (c.req.header('accept')?.length ?? 0) < 1000 &&
  accepts(c, {
    header: 'Accept',
    supports: ['application/json', 'text/html'],
    default: 'application/json',
  }) === 'text/html'

/** Three bars that rise. */
const shapes =
  '<rect x="2" y="17" width="7" height="13" rx="2"/><rect x="12.5" y="10" width="7" height="20" rx="2"/><rect x="23" y="2" width="7" height="28" rx="2"/>'
const mark = `<svg class="mark" viewBox="0 0 32 32" aria-hidden="true">${shapes}</svg>`
export const icon = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32" fill="#3b82f6">${shapes}</svg>`
