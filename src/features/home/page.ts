import { html } from 'hono/html'
import { pageOf } from '../../http/page.ts'
import { version } from '../../http/version.ts'

/** What the page tells of the community; undefined while the database does not answer. */
export type Numbers = {
  /** RFC 3339 */
  readonly asOf: string
  readonly totals: Readonly<Record<string, number>>
  readonly active: Readonly<Record<'now' | 'day' | 'week' | 'month', number>>
}

/** Where to go on from here. */
export const documentation = '/docs'
export const openapi = '/openapi.json'
export const links = {
  stats: '/api/v1/dashboard/stats',
  activity: '/api/v1/activity',
  trends: '/api/v1/dashboard/trends',
  activeUsers: '/api/v1/dashboard/active-users',
  problems: '/problems',
  live: '/livez',
  ready: '/readyz',
} as const

/** `origin`: of the server as the reader reached it. */
export const homePage = (numbers: Numbers | undefined, origin: string) =>
  pageOf({
    title: 'Shopboard',
    lead: 'Exact statistics and an endless activity feed for a community, in constant time, straight from PostgreSQL.',
    body: html`<main>
<h2>The community</h2>
${numbers ? figures(numbers) : noFigures}
<h2>Go on</h2>
<ul class="cards wide">
${item(documentation, 'Reference', 'Every call of the API, to read and to try.')}
${item(openapi, 'OpenAPI document', 'The same for machines.')}
${item(links.stats, 'Statistics', 'Totals, active users and what is new, as JSON.')}
${item(links.activity, 'Activity', 'What happened last, as JSON.')}
${item(links.problems, 'Problems', 'What each error means, and what to do.')}
${item(links.ready, 'Readiness', 'Whether the database answers.')}
</ul>
<h2>Try it</h2>
<pre tabindex="0"><code>curl '${origin}${links.activity}?pageSize=5'</code></pre>
</main>
<footer>Shopboard ${version}</footer>`,
  })

const whole = new Intl.NumberFormat('en')
const capital = (word: string) => word.charAt(0).toUpperCase() + word.slice(1)

const figures = ({ asOf, totals, active }: Numbers) => html`<dl class="cards">
${Object.entries(totals).map(([name, n]) => figure(capital(name), n))}
${figure('Active today', active.day)}
${figure('Active in 7 days', active.week)}
${figure('Active in 30 days', active.month)}
${figure('Online now', active.now)}
</dl>
<p class="soft">Exact as of <time datetime="${asOf}">${asOf.slice(0, 19).replace('T', ' ')} UTC</time>.</p>`

const figure = (name: string, n: number) =>
  html`<div><dt>${name}</dt><dd>${whole.format(n)}</dd></div>`

const noFigures = html`<p class="warn">The database does not answer at the moment.</p>
<p>The numbers are back when it is: <a href="${links.ready}">${links.ready}</a> tells.</p>`

const item = (href: string, name: string, what: string) =>
  html`<li><a href="${href}">${name}</a><p class="soft">${what}</p></li>`
