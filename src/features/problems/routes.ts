import { type Context, Hono } from 'hono'
import { notFound } from '../../errors/error.ts'
import { entryOf, send } from '../../http/answer.ts'
import type { AppEnv } from '../../http/context.ts'
import { pageHeaders, wantsPage } from '../../http/page.ts'
import { kindPage, kinds, kindsPage } from './page.ts'

const varying = { Vary: 'Accept, Accept-Encoding' }

/** Where the `type` of a problem document leads: a page for people, JSON for machines. */
export const problemPages = new Hono<AppEnv>()
  .get('/problems', (c) => show(c, { items: kinds }, kindsPage))
  .get('/problems/:code', (c) => {
    const kind = kinds.find(({ code }) => code === c.req.param('code'))
    if (!kind) throw notFound('Problem')
    return show(c, kind, () => kindPage(kind))
  })

const show = async (c: Context<AppEnv>, json: object, page: () => Promise<string>) =>
  send(
    c,
    wantsPage(c)
      ? entryOf(await page(), { ...pageHeaders, ...varying })
      : entryOf(JSON.stringify(json), varying),
  )
