import { type Context, Hono } from 'hono'
import { entryOf, send } from '../../http/answer.ts'
import type { AppEnv } from '../../http/context.ts'
import { etagOf } from '../../http/etag.ts'
import { identify } from '../../http/identify.ts'
import { icon, pageHeaders, wantsPage } from '../../http/page.ts'
import { asAppError } from '../../http/problems.ts'
import { transaction } from '../../http/transaction.ts'
import { version } from '../../http/version.ts'
import { documentation, homePage, links, type Numbers, openapi } from './page.ts'

type NumbersOf = (c: Context<AppEnv>) => Promise<Numbers>

const varying = { Vary: 'Accept, Accept-Encoding' }
const about = JSON.stringify({ name: 'Shopboard', version, documentation, openapi, links })
const picture = { 'Content-Type': 'image/svg+xml', 'Cache-Control': 'public, max-age=86400' }

/** What a newcomer meets at `/`: a page in a browser, JSON elsewhere. With `numbersOf` it shows the community's to anyone. */
export function home(numbersOf: NumbersOf | undefined) {
  const asJson = entryOf(`${about}\n`, varying)
  const asPicture = entryOf(icon, picture)
  const routes = new Hono<AppEnv>()
  if (numbersOf) routes.use('/', identify, transaction())
  return routes
    .get('/', async (c) => {
      if (!wantsPage(c)) return send(c, asJson)
      const numbers = numbersOf && (await numbersOrNone(c, numbersOf))
      const { origin } = new URL(c.req.url)
      const essence = await homePage(numbers && { ...numbers, asOf: '' }, origin)
      const page = await homePage(numbers, origin)
      return send(c, entryOf(page, { ...pageHeaders, ...varying }, etagOf(essence)))
    })
    .get('/favicon.svg', (c) => send(c, asPicture))
    .get('/favicon.ico', (c) => send(c, asPicture))
}

/** The page is there while the database is not. @throws what is not the database's */
async function numbersOrNone(c: Context<AppEnv>, numbersOf: NumbersOf) {
  if (!(await c.get('services').isReady(c))) return undefined
  try {
    return await numbersOf(c)
  } catch (error) {
    const failure = asAppError(error)
    if (failure.code === 'internal_error') throw error
    c.error = failure // the transaction rolls back
    return undefined
  }
}
