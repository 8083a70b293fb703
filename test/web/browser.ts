import { existsSync } from 'node:fs'
import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright-core'

const executablePath = '/usr/bin/chromium'

/** For the title of what is skipped. */
export const noBrowser = existsSync(executablePath) ? '' : ` (skipped: no ${executablePath} here)`

/** The installed Chromium; as root it runs without its sandbox. */
export const openBrowser = (): Promise<Browser> =>
  chromium.launch({
    executablePath,
    args: process.getuid?.() === 0 ? ['--no-sandbox'] : [],
  })

export type Watched = {
  readonly page: Page
  /** Requests for another origin, failed ones, errors and warnings of the console, and what its policy blocked. */
  readonly faults: string[]
}

/** A page that reaches `url`'s origin alone, and notes what goes wrong. */
export async function openPage(
  browser: Browser,
  url: string,
  options: BrowserContextOptions = {},
): Promise<Watched> {
  const { origin } = new URL(url)
  const page = await browser.newPage(options)
  const faults: string[] = []
  await page.route('**/*', (route) => {
    const asked = new URL(route.request().url())
    if (asked.origin === origin || asked.protocol === 'data:') return route.continue()
    faults.push(`asked ${asked}`)
    return route.abort()
  })
  page.on('requestfailed', (request) => faults.push(`failed ${request.url()}`))
  page.on('response', (response) => {
    if (response.status() >= 400) faults.push(`${response.status()} ${response.url()}`)
  })
  page.on('pageerror', (error) => faults.push(String(error)))
  page.on('console', (message) => {
    if (['error', 'warning'].includes(message.type())) faults.push(message.text())
  })
  await page.goto(url, { waitUntil: 'load' })
  return { page, faults }
}
