import { isKey, isKeyPrefix, newKey, prefixOf } from '../../auth/key.ts'
import type { Origin } from '../../db/audit.ts'
import type { Database } from '../../db/database.ts'
import {
  addKey,
  scopes as allScopes,
  type KeyRow,
  keysBefore,
  keysByPrefix,
  revokeKey,
  type Scope,
} from '../../db/keys.ts'
import { inSteps } from '../in-steps.ts'

export type NewKeyFlags = {
  readonly name: string
  readonly scopes: readonly Scope[]
  /** RFC 3339; never without. */
  readonly expires?: string | undefined
}

/** As the audit log tells of it. */
const origin: Origin = { actor: 'command', requestId: null, address: null }

/** `keys create`: writes the new key to standard output, alone, and to standard error what it is. */
export const runCreateKey = inSteps<NewKeyFlags>({
  name: 'keys',
  failed: 'made',
  async work({ pool, signal }, { name, scopes, expires = null }) {
    const { key, ...stored } = newKey()
    const asked = allScopes.filter((each) => scopes.includes(each))
    const [made] = await pool.transaction({ access: 'read write', signal }, (db) =>
      db.run(addKey, { ...stored, ...origin, name, scopes: asked, expiresAt: expires }),
    )
    if (!made) throw new Error('The key would have expired already.')
    return ({ stdout, stderr, tell }) => {
      tell?.({ ...made, key })
      stdout.write(`${key}\n`)
      if (!tell) stderr.write(`${textOf(made)}\nIt is shown this once, and kept nowhere.\n`)
      return 0
    }
  },
})

/** Keys of a page. */
const pageSize = 1000

/** `keys list`: a line for each key, the newest first. */
export const runListKeys = inSteps({
  name: 'keys',
  failed: 'changed',
  async work({ pool, signal }) {
    const keys: KeyRow[] = []
    let page: KeyRow[]
    do {
      const beforeId = keys.at(-1)?.id ?? Number.MAX_SAFE_INTEGER
      page = await pool.transaction({ access: 'read only', signal }, (db) =>
        db.run(keysBefore, { beforeId, limit: pageSize }),
      )
      keys.push(...page)
    } while (page.length === pageSize)
    return ({ stdout, tell }) => {
      tell?.({ keys })
      stdout.write(keys.map((key) => `${textOf(key)}\n`).join('') || 'There is no key.\n')
      return 0
    }
  },
})

export type RevokeKeyFlags = {
  /** An id, a prefix, or the key itself. */
  readonly key: string
}

/** `keys revoke`: no server takes the key any more; 1 where there is none to revoke. */
export const runRevokeKey = inSteps<RevokeKeyFlags>({
  name: 'keys',
  failed: 'revoked',
  async work({ pool, signal }, { key }) {
    const [revoked] = await pool.transaction({ access: 'read write', signal }, async (db) =>
      db.run(revokeKey, { ...origin, id: await idOf(db, key) }),
    )
    if (!revoked) throw new Error(`The key ${shown(key)} is not there, or is revoked already.`)
    return ({ stdout, tell }) => {
      tell?.(revoked)
      stdout.write(`${textOf(revoked)}\nServers take it no more within two seconds.\n`)
      return 0
    }
  },
})

/** @throws a sentence where the prefix is that of no key, or of several */
async function idOf(db: Database, text: string): Promise<number> {
  if (/^\d{1,15}$/.test(text)) return Number(text)
  const prefix = isKey(text) ? prefixOf(text) : text
  if (!isKeyPrefix(prefix))
    throw new Error('Name the key by its id or its prefix, sb_ and 8 letters or digits.')
  const [found, other] = await db.run(keysByPrefix, { prefix })
  if (!found) throw new Error(`There is no key that begins with ${prefix}.`)
  if (other) throw new Error(`Several keys begin with ${prefix}: name it by its id.`)
  return found.id
}

const shown = (text: string) => (isKey(text) ? prefixOf(text) : text)

/** `12 sb_pFEAQn0S "dashboard" read, made 2026-11-22, never used` */
function textOf({ id, prefix, name, scopes, ...times }: KeyRow): string {
  const { createdAt, expiresAt, revokedAt, lastUsedAt } = times
  const parts = [
    `${id} ${prefix} ${JSON.stringify(name)} ${scopes.join('+')}`,
    `made ${day(createdAt)}`,
    lastUsedAt ? `used ${day(lastUsedAt)}` : 'never used',
    ...(expiresAt ? [`expires ${expiresAt}`] : []),
    ...(revokedAt ? [`revoked ${day(revokedAt)}`] : []),
  ]
  return parts.join(', ')
}

const day = (instant: string) => instant.slice(0, 10)
