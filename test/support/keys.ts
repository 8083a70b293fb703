import { newKey } from '../../src/auth/key.ts'
import type { TestSql } from './database.ts'

type KeyRow = { scopes: string[]; expires_at: string | null; revoked_at: string | null }

/** A key in the database, with the scope to read unless it says otherwise. */
export async function insertKey(sql: TestSql, row: Partial<KeyRow> = {}) {
  const { key, prefix, hash } = newKey()
  const { scopes = ['read'], expires_at = null, revoked_at = null } = row
  const [inserted] = await sql<{ id: number }[]>`
    insert into shopboard.keys (name, prefix, hash, scopes, created_by, expires_at, revoked_at)
    values (${prefix}, ${prefix}, decode(${hash}, 'hex'), ${scopes}, 'test', ${expires_at}::text::timestamptz, ${revoked_at}::text::timestamptz)
    returning id::int`
  return { id: inserted?.id ?? 0, key, prefix, authorization: `Bearer ${key}` }
}

/** Of a request with a key. */
export const withKey = (authorization: string, init: RequestInit = {}): RequestInit => ({
  ...init,
  headers: { ...init.headers, Authorization: authorization },
})
