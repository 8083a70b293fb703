import { sql } from 'drizzle-orm'
import {
  type AnyPgColumn,
  bigint,
  boolean,
  check,
  customType,
  index,
  pgTable,
  text,
  uniqueIndex,
} from 'drizzle-orm/pg-core'
import { instant } from './instant.ts'

const id = () => bigint('id', { mode: 'number' }).primaryKey().generatedByDefaultAsIdentity()

/** Every instant can be written as RFC 3339: a four-digit year, neither infinite nor before Christ. */
const fourDigitYear = (column: AnyPgColumn) =>
  sql`${column} >= '0001-01-01T00:00:00Z' and ${column} < '10000-01-01T00:00:00Z'`

/** Of a column that is null where nothing happened, too: a check is passed by null. */
const years = (table: string, columns: readonly AnyPgColumn[]) =>
  columns.map((column) => check(`${table}_${column.name}_range`, fourDigitYear(column)))

/** The instants every row carries. A row is live while `deletedAt` is null. */
const lifetime = {
  createdAt: instant('created_at').notNull().default(sql`now()`),
  updatedAt: instant('updated_at').notNull().default(sql`now()`),
  deletedAt: instant('deleted_at'),
}

/** What is searched of a post: the words of its title, which weigh more, and of its body, as far as they are indexed. */
const document = customType<{ data: string }>({ dataType: () => 'tsvector' })
const documentOf = sql`setweight(to_tsvector('rollup.search'::regconfig, left(coalesce(title, ''::text), 1000)), 'A'::"char") || setweight(to_tsvector('rollup.search'::regconfig, left(body, 50000)), 'B'::"char")`

export const users = pgTable(
  'users',
  {
    id: id(),
    username: text('username').notNull(),
    email: text('email'),
    isActive: boolean('is_active').notNull().default(true),
    isAdmin: boolean('is_admin').notNull().default(false),
    lastSeenAt: instant('last_seen_at'),
    ...lifetime,
  },
  (t) => [
    uniqueIndex('users_email_key').on(sql`lower(${t.email})`),
    index('users_feed').on(t.createdAt, t.id).where(sql`${t.deletedAt} is null`),
    index('users_username_trigrams')
      .using('gin', sql`lower(${t.username}) gin_trgm_ops`)
      .where(sql`${t.deletedAt} is null`),
    check('users_username_length', sql`char_length(${t.username}) between 1 and 200`),
    check('users_email_shape', sql`${t.email} like '%_@_%'`),
    ...years('users', [t.lastSeenAt, t.createdAt, t.updatedAt, t.deletedAt]),
  ],
)

export const posts = pgTable(
  'posts',
  {
    id: id(),
    authorId: bigint('author_id', { mode: 'number' }).references(() => users.id, {
      onDelete: 'set null',
    }),
    title: text('title'),
    body: text('body').notNull().default(''),
    ...lifetime,
    document: document('document').generatedAlwaysAs(documentOf),
  },
  (t) => [
    index('posts_document')
      .using('gin', t.document)
      .with({ fastupdate: 'off' })
      .where(sql`${t.deletedAt} is null`),
    index('posts_author').on(t.authorId, t.createdAt, t.id),
    index('posts_feed').on(t.createdAt, t.id).where(sql`${t.deletedAt} is null`),
    ...years('posts', [t.createdAt, t.updatedAt, t.deletedAt]),
  ],
)

export const comments = pgTable(
  'comments',
  {
    id: id(),
    postId: bigint('post_id', { mode: 'number' })
      .notNull()
      .references(() => posts.id, { onDelete: 'cascade' }),
    authorId: bigint('author_id', { mode: 'number' }).references(() => users.id, {
      onDelete: 'set null',
    }),
    body: text('body').notNull(),
    ...lifetime,
  },
  (t) => [
    index('comments_post').on(t.postId, t.createdAt, t.id),
    index('comments_author').on(t.authorId, t.createdAt, t.id),
    index('comments_feed').on(t.createdAt, t.id).where(sql`${t.deletedAt} is null`),
    ...years('comments', [t.createdAt, t.updatedAt, t.deletedAt]),
  ],
)

export const sessions = pgTable(
  'sessions',
  {
    id: id(),
    userId: bigint('user_id', { mode: 'number' })
      .notNull()
      .references(() => users.id, { onDelete: 'cascade' }),
    createdAt: instant('created_at').notNull().default(sql`now()`),
    lastSeenAt: instant('last_seen_at').notNull().default(sql`now()`),
    deletedAt: instant('deleted_at'),
  },
  (t) => [
    index('sessions_user').on(t.userId, t.createdAt, t.id),
    index('sessions_feed').on(t.createdAt, t.id).where(sql`${t.deletedAt} is null`),
    index('sessions_last_seen').on(t.lastSeenAt).where(sql`${t.deletedAt} is null`),
    ...years('sessions', [t.createdAt, t.lastSeenAt, t.deletedAt]),
  ],
)
