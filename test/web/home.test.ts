import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { useDatabase } from '../support/database.ts'
import { insertUser } from '../support/factories.ts'
import { noBrowser, openBrowser, openPage } from './browser.ts'
import { type Site, startSite } from './site.ts'

describe.skipIf(noBrowser)(`the pages in a browser${noBrowser}`, () => {
  const database = useDatabase()
  let site: Site
  let browser: Browser
  beforeAll(async () => {
    browser = await openBrowser()
    await insertUser(database.sql)
    site = await startSite({ DATABASE_URL: database.url })
  })
  afterAll(async () => {
    await browser?.close()
    site?.stop()
  })

  it.each(['/', '/problems', '/problems/timeout'])(
    'have a language, a title, one heading, one main part, and names for all links: %s',
    async (path) => {
      const { page, faults } = await openPage(browser, site.url + path)
      expect(await page.locator('html').getAttribute('lang')).toBe('en')
      expect(await page.title()).toContain('Shopboard')
      expect(await page.getByRole('heading', { level: 1 }).count()).toBe(1)
      expect(await page.getByRole('main').count()).toBe(1)
      expect(await page.getByRole('banner').count()).toBe(1)
      const names = await page.getByRole('link').allInnerTexts()
      expect(names.filter((name) => name.trim() === '')).toEqual([])
      expect(faults).toEqual([])
      await page.close()
    },
  )

  it.each(['light', 'dark'] as const)(
    'are readable in the %s, on a phone, and as wide as it',
    async (colorScheme) => {
      const { page, faults } = await openPage(browser, site.url, {
        colorScheme,
        viewport: { width: 320, height: 640 },
      })
      const widest = await page.evaluate('document.documentElement.scrollWidth')
      expect(widest).toBeLessThanOrEqual(320)
      expect(Math.min(...(await contrastsOf(page)))).toBeGreaterThanOrEqual(4.5)
      expect(await page.getByText('Users', { exact: true }).count()).toBe(1)
      expect(faults).toEqual([])
      await page.close()
    },
  )

  it('fit a narrow phone, whatever the problem is called', async () => {
    const { page } = await openPage(browser, `${site.url}/problems`, {
      viewport: { width: 320, height: 640 },
    })
    const links = page.locator('main a')
    const paths = await links.evaluateAll((all) => all.map((each) => each.getAttribute('href')))
    const tooWide: unknown[] = []
    for (const path of paths) {
      await page.goto(`${site.url}${path}`)
      const widest = await page.evaluate('document.documentElement.scrollWidth')
      if (widest !== 320) tooWide.push(path)
    }
    expect(paths).toContain('/problems/idempotency_conflict')
    expect(tooWide).toEqual([])
    await page.close()
  })

  it('lead by keyboard to the reference', async () => {
    const { page } = await openPage(browser, site.url)
    await page.keyboard.press('Tab')
    await page.keyboard.press('Enter')
    await page.waitForURL('**/docs')
    await page.close()
  })

  it('run no script that found its way in', async () => {
    const { page, faults } = await openPage(browser, site.url)
    const ran = await page.evaluate(`
      document.body.insertAdjacentHTML('beforeend', '<img src="x:" onerror="window.ran = true">')
      new Promise((resolve) => setTimeout(() => resolve(window.ran ?? false)))`)
    expect(ran).toBe(false)
    expect(faults.join('\n')).toMatch(/Content Security Policy/i)
    await page.close()
  })
})

/** Of every text on the page to the ground behind it: https://www.w3.org/TR/WCAG22/#dfn-contrast-ratio */
const contrastsOf = (page: Awaited<ReturnType<typeof openPage>>['page']): Promise<number[]> =>
  page.evaluate(`
    const channels = (color) => color.match(/[\\d.]+/g).map(Number)
    const linear = (value) => value <= 10 ? value / 255 / 12.92 : ((value / 255 + 0.055) / 1.055) ** 2.4
    const luminance = (color) => {
      const [red, green, blue] = channels(color).map(linear)
      return 0.2126 * red + 0.7152 * green + 0.0722 * blue
    }
    const ground = (element) => {
      const { backgroundColor } = getComputedStyle(element)
      return channels(backgroundColor)[3] === 0 ? ground(element.parentElement) : backgroundColor
    }
    Array.from(document.body.querySelectorAll('h1, h2, p, dt, dd, a, code, footer'), (element) => {
      const [low, high] = [getComputedStyle(element).color, ground(element)].map(luminance).sort((a, b) => a - b)
      return (high + 0.05) / (low + 0.05)
    })`)
