import { type SQL, sql } from 'drizzle-orm'
import { audited, type Origin } from './audit.ts'
import { rfc3339 } from './instant.ts'
import { type Placeholders, statement } from './statement.ts'

/** What a key may let its owner do: `write` does not read, `admin` does both. */
export const scopes = ['read', 'write', 'admin'] as const
export type Scope = (typeof scopes)[number]

/** A key as it is shown: what it was made with, and what became of it. Instants in RFC 3339. */
export type KeyRow = {
  readonly id: number
  readonly name: string
  /** Its first characters. */
  readonly prefix: string
  readonly scopes: Scope[]
  readonly createdAt: string
  readonly createdBy: string
  readonly expiresAt: string | null
  readonly revokedAt: string | null
  /** To the minute. */
  readonly lastUsedAt: string | null
}

/** What a look-up finds; ms by the clock of the database. */
export type FoundKey = {
  readonly id: number
  readonly scopes: readonly string[]
  readonly isRevoked: boolean
  /** Until it expires; null for never. */
  readonly timeLeft: number | null
  readonly sinceUse: number | null
}

/** `hash`: hexadecimal. */
export const keyByHash = statement<{ hash: string }, FoundKey>(
  'key_by_hash',
  { reads: [] },
  (_, { hash }) => sql<FoundKey>`
    select id::float8, to_json(scopes) as scopes, revoked_at is not null as "isRevoked",
      (1000 * extract(epoch from expires_at - clock_timestamp()))::float8 as "timeLeft",
      (1000 * extract(epoch from clock_timestamp() - last_used_at))::float8 as "sinceUse"
    from shopboard.keys where hash = decode(${hash}, 'hex')`,
)

/** Once a minute at most, and not while another holds the row: a use is not worth waiting for. */
export const noteKeyUse = statement<{ id: number }, never>(
  'note_key_use',
  { reads: [] },
  (_, { id }) => sql<never>`
    update shopboard.keys set last_used_at = now()
    where id = (
      select id from shopboard.keys
      where id = ${id}::bigint and revoked_at is null and coalesce(last_used_at, '-infinity') < now() - interval '1 minute'
      for no key update skip locked
    )`,
)

/** Another text after every change of what keys allow, by anyone. */
export const keysVersion = statement<Record<never, never>, { version: string }>(
  'keys_version',
  { reads: [] },
  () => sql<{ version: string }>`
    select concat_ws(' ', count(*), sum(id)) as version from shopboard.key_changes`,
)

/** Whether there is a key that lets anyone in. */
export const hasKey = statement<Record<never, never>, { isThere: boolean }>(
  'has_key',
  { reads: [] },
  () => sql<{ isThere: boolean }>`
    select exists (
      select from shopboard.keys where revoked_at is null and coalesce(expires_at, 'infinity') > now()
    ) as "isThere"`,
)

const shown = sql`id::float8, name, prefix, to_json(scopes) as scopes, ${rfc3339(sql`created_at`)} as "createdAt", created_by as "createdBy",
      ${rfc3339(sql`expires_at`)} as "expiresAt", ${rfc3339(sql`revoked_at`)} as "revokedAt", ${rfc3339(sql`last_used_at`)} as "lastUsedAt"`

/** Newest first, before the key with this id. */
export const keysBefore = statement<{ beforeId: number; limit: number }, KeyRow>(
  'keys_before',
  { reads: [] },
  (_, { beforeId, limit }) => sql<KeyRow>`
    select ${shown}
    from shopboard.keys where id < ${beforeId}::bigint order by id desc limit ${limit}::int`,
)

export const keysByPrefix = statement<{ prefix: string }, KeyRow>(
  'keys_by_prefix',
  { reads: [] },
  (_, { prefix }) => sql<KeyRow>`
    select ${shown}
    from shopboard.keys where prefix = ${prefix} order by id limit 2`,
)

export type NewKeyRow = {
  readonly name: string
  readonly prefix: string
  /** Hexadecimal. */
  readonly hash: string
  readonly scopes: readonly string[]
  readonly expiresAt: string | null
}

/** No row where it would have expired already. */
export const addKey = statement<NewKeyRow & Origin, KeyRow>(
  'add_key',
  { reads: [] },
  (_, { name, prefix, hash, scopes, expiresAt, actor, requestId, address }) => sql<KeyRow>`
    with added as (
      insert into shopboard.keys (name, prefix, hash, scopes, created_by, expires_at)
      select ${name}::text, ${prefix}::text, decode(${hash}, 'hex'), ${scopes}::text[], ${actor}::text, ${expiresAt}::timestamptz
      where coalesce(${expiresAt}::timestamptz, 'infinity') > clock_timestamp()
      returning *
    ), changed as (
      select id, null::jsonb as old, jsonb_build_object('name', name, 'prefix', prefix, 'scopes', scopes, 'expiresAt', ${rfc3339(sql`expires_at`)}) as new from added
    ), log as (
      ${auditedBy('create', { actor, requestId, address })}
    )
    select ${shown} from added`,
)

/** For ever. No row where there is none with this id, or it is revoked already. */
export const revokeKey = statement<{ id: number } & Origin, KeyRow>(
  'revoke_key',
  { reads: [] },
  (_, { id, actor, requestId, address }) => sql<KeyRow>`
    with revoked as (
      update shopboard.keys set revoked_at = now() where id = ${id}::bigint and revoked_at is null
      returning *
    ), changed as (
      select id, jsonb_build_object('revokedAt', null) as old, jsonb_build_object('revokedAt', ${rfc3339(sql`revoked_at`)}) as new from revoked
    ), log as (
      ${auditedBy('delete', { actor, requestId, address })}
    )
    select ${shown} from revoked`,
)

const auditedBy = (action: 'create' | 'delete', origin: Placeholders<Origin>): SQL =>
  audited(action, 'keys', sql`changed`, origin)
