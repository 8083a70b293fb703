import { readdirSync, readFileSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { AppError, type ErrorCode, problems } from '../../../src/errors/error.ts'
import { problemDocument } from '../../../src/http/problems.ts'
import { createTestApp, type TestApp } from '../../support/app.ts'

const codes = Object.keys(problems) as ErrorCode[]
const directory = new URL('../../../docs/problems/', import.meta.url)

describe('the type of a problem', () => {
  let app: TestApp
  beforeAll(async () => {
    app = await createTestApp()
  })
  afterAll(() => app.close())
  const ask = (path: string, accept = 'text/html') =>
    app.request(path, { headers: { Accept: accept } })

  it.each(codes)('leads to a page, and to JSON: %s', async (code) => {
    const { type } = JSON.parse(problemDocument(new AppError(code), 'r1').body)
    const { pathname } = new URL(type)
    const page = await ask(pathname)
    expect(page.headers.get('content-type')).toContain('text/html')
    expect(await page.text()).toContain(problems[code].title)
    const json = await ask(pathname, '*/*')
    expect(await json.json()).toMatchObject({ code, ...problems[code] })
    expect(json.headers.get('vary')).toContain('Accept')
  })

  it.each(['nothing', 'constructor', '__proto__', '%3Cscript%3E'])(
    'is no other word: %s',
    async (code) => {
      const response = await ask(`/problems/${code}`)
      expect(response.status).toBe(404)
      expect(await response.json()).toMatchObject({ code: 'not_found' })
    },
  )

  it('is in the list of all', async () => {
    const page = await (await ask('/problems')).text()
    const { items } = (await (await ask('/problems', '*/*')).json()) as {
      items: { code: string }[]
    }
    expect(items.map(({ code }) => code)).toEqual(codes)
    for (const code of codes) expect(page).toContain(`href="/problems/${code}"`)
  })
})

describe('docs/problems', () => {
  it('has a page for every code, and none without', () => {
    const pages = readdirSync(directory).filter((name) => name !== 'README.md')
    expect(pages.toSorted()).toEqual(codes.map((code) => `${code}.md`).toSorted())
  })

  it.each(codes)('tells the same title and status as the answer: %s', (code) => {
    const page = readFileSync(new URL(`${code}.md`, directory), 'utf8')
    const { status, title } = problems[code]
    expect(page).toContain(`# ${title}`)
    expect(page).toContain(`\`${code}\`, status ${status}`)
    for (const part of [
      '## When it comes',
      '## What a client does',
      '## What an operator looks at',
    ])
      expect(page).toContain(part)
    expect(readFileSync(new URL('README.md', directory), 'utf8')).toContain(`(${code}.md)`)
  })
})
