import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { useDatabase } from '../support/database.ts'
import { noBrowser, openBrowser, openPage } from './browser.ts'
import { type Site, startSite } from './site.ts'

describe.skipIf(noBrowser)(`the reference in a browser${noBrowser}`, () => {
  const database = useDatabase()
  let site: Site
  let browser: Browser
  beforeAll(async () => {
    browser = await openBrowser()
    site = await startSite({ DATABASE_URL: database.url })
  })
  afterAll(async () => {
    await browser?.close()
    site?.stop()
  })

  it('shows every operation without asking another host, and without a word on the console', async () => {
    const { page, faults } = await openPage(browser, `${site.url}/docs`)
    const contract = await (await fetch(`${site.url}/openapi.json`)).json()
    const text = () => page.locator('body').innerText()
    for (const path of Object.keys(contract.paths)) await expect.poll(text).toContain(path)
    expect(await text()).not.toMatch(/Generate MCP|Deploy|Share|Ask AI/)
    await page.waitForLoadState('networkidle')
    expect(faults).toEqual([])
    await page.close()
  })

  it('sends a request of the reader to this server alone', async () => {
    const { page, faults } = await openPage(browser, `${site.url}/docs`)
    await page
      .getByRole('button', { name: /Test Request/ })
      .first()
      .click()
    const answered = page.waitForResponse((response) =>
      response.url().startsWith(`${site.url}/api/`),
    )
    await page.getByRole('button', { name: /^Send/ }).last().click()
    expect((await answered).status()).toBe(200)
    await page.getByText('"metadata"').first().waitFor()
    expect(faults).toEqual([])
    await page.close()
  })

  it('tells a reader without JavaScript where the contract is', async () => {
    const { page, faults } = await openPage(browser, `${site.url}/docs`, {
      javaScriptEnabled: false,
    })
    expect(await page.locator('a').first().getAttribute('href')).toBe('/openapi.json')
    expect(faults).toEqual([])
    await page.close()
  })
})
