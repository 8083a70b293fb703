import { html } from 'hono/html'
import { type ErrorCode, problems } from '../../errors/error.ts'
import { pageOf } from '../../http/page.ts'

/** One kind of failure, as `type` of a problem document names it. */
export type Kind = {
  readonly code: ErrorCode
  readonly status: number
  readonly title: string
  /** Seconds. */
  readonly retryAfter?: number
}

export const kinds: readonly Kind[] = Object.entries(problems).map(([code, problem]) => ({
  code: code as ErrorCode,
  ...problem,
}))

export const kindPage = (kind: Kind) =>
  pageOf({
    title: kind.title,
    lead: `Problem ${kind.code}, answered with status ${kind.status}.`,
    body: html`<main>
<h2>What to do</h2>
<p>${adviceOn(kind)}</p>
<h2>More</h2>
<p><code>docs/problems/${kind.code}.md</code> in Shopboard's repository tells when it comes and what an operator looks at.
Here are <a href="/problems">all problems</a> and <a href="/docs">the reference</a>.</p>
</main>`,
  })

export const kindsPage = () =>
  pageOf({
    title: 'Problems',
    lead: 'Every way a request can fail. A failure is JSON of the type application/problem+json (RFC 9457); its code is one of these.',
    body: html`<main>
<h2>Codes</h2>
<ul class="cards wide">
${kinds.map(
  ({ code, status, title }) =>
    html`<li><a href="/problems/${code}">${code}</a><p class="soft">${status}: ${title}</p></li>`,
)}
</ul>
</main>`,
  })

function adviceOn({ status, retryAfter }: Kind): string {
  if (retryAfter !== undefined)
    return `Send the same request again after the ${retryAfter} s that Retry-After names, and wait longer each time it fails.`
  if (status < 500)
    return 'The same request fails again: change it first. detail says how, and errors names every fault of the input.'
  return 'It is not the request that is at fault. Try once more later; if it stays, tell the operator the requestId, under which the log has the reason.'
}
