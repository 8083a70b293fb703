import type { Position } from '../../../src/features/activity/position.ts'
import { kinds, twinCursor } from '../contenders/contender.ts'

export const statsPath = '/api/v1/dashboard/stats'
export const feedPath = '/api/v1/activity'
export const activeUsersPath = '/api/v1/dashboard/active-users'
export const pageSize = 20

export type Page = {
  items: { kind: string; id: number; createdAt: string }[]
  metadata: { total: number; nextCursor: string }
}

export async function ask(url: string): Promise<Page> {
  const response = await fetch(url)
  if (!response.ok) throw new Error(`${url} answered ${response.status}`)
  return response.json()
}

/** The page a million rows down, or nine tenths down a shorter feed. */
export async function deepPage(url: string): Promise<number> {
  const { metadata } = await ask(url + feedPath)
  return Math.floor(Math.min(1_000_000, 0.9 * metadata.total) / pageSize) + 1
}

/** Shopboard's cursor to a numbered page. */
export const cursorTo = async (url: string, page: number): Promise<string> =>
  (await ask(`${url}${feedPath}?page=${page - 1}`)).metadata.nextCursor

/** The twin's cursor to the same page. */
export async function cursorForTwin(shopboard: string, page: number): Promise<string> {
  const [at, kind, id] = await lastOf(shopboard, page)
  return twinCursor(at, Number(kind), Number(id))
}

/** The position before a numbered page. */
export async function lastOf(shopboard: string, page: number): Promise<Position> {
  const last = (await ask(`${shopboard}${feedPath}?page=${page - 1}`)).items.at(-1)
  if (!last) throw new Error('The page before a deep page is never empty')
  return [last.createdAt, String(kinds.indexOf(last.kind)), String(last.id)]
}
