import { type SQL, type SQLWrapper, sql } from 'drizzle-orm'
import {
  type AnyPgColumn,
  bigint,
  boolean,
  check,
  customType,
  index,
  jsonb,
  pgTable,
  text,
  uniqueIndex,
} from 'drizzle-orm/pg-core'
import { instant } from './instant.ts'

const id = () => bigint('id', { mode: 'number' }).primaryKey().generatedByDefaultAsIdentity()

/** Every instant can be written as RFC 3339: a four-digit year, neither infinite nor before Christ. */
const fourDigitYear = (column: AnyPgColumn) =>
  sql`${column} >= '0001-01-01T00:00:00Z' and ${column} < '10000-01-01T00:00:00Z'`

const isLive = ({ deletedAt }: { readonly deletedAt: AnyPgColumn }) => sql`${deletedAt} is null`

/** Never seen is before every instant. */
const seenOrNever = (lastSeenAt: AnyPgColumn) => sql`coalesce(${lastSeenAt}, '-infinity')`

/** An index's columns where one is an expression: drizzle-kit reads them all as expressions, and would push it again. */
const expressions = (first: SQLWrapper, ...others: readonly SQLWrapper[]): [SQL, ...SQL[]] => [
  sql`${first}`,
  ...others.map((other) => sql`${other}`),
]

/**
 * Of a reference: deletions of what it refers to look for all rows, lists for live ones in order, which what is deleted
 * costs no walk. One index for both takes a third less of an insert than two; `deletedAt` last, for scans of the index alone.
 */
const liveFirstOf = (t: Record<'createdAt' | 'id' | 'deletedAt', AnyPgColumn>, to: AnyPgColumn) =>
  expressions(to, sql`(${isLive(t)})`, t.createdAt, t.id, t.deletedAt)

/** Of a column that is null where nothing happened, too: a check is passed by null. */
const years = (table: string, columns: readonly AnyPgColumn[]) =>
  columns.map((column) => check(`${table}_${column.name}_range`, fourDigitYear(column)))

/** The instants every row carries. A row is live while `deletedAt` is null. */
const lifetime = {
  createdAt: instant('created_at').notNull().default(sql`now()`),
  updatedAt: instant('updated_at').notNull().default(sql`now()`),
  deletedAt: instant('deleted_at'),
}

/** What a client keeps with a row: `{}` where nothing. Found by containment. */
const properties = (name: string) => jsonb(name).notNull().default({})

/** The words of a title, which weigh more, and of a body: a prefix, and none of a length its parser is slow with; none where deleted. */
const document = customType<{ data: string }>({ dataType: () => 'tsvector' })
const documentOf = sql`case when deleted_at is null then setweight(to_tsvector('rollup.search'::regconfig, left(coalesce(title, ''::text), 1000)), 'A'::"char") || setweight(to_tsvector('rollup.search'::regconfig, regexp_replace(left(body, 30000), '\\S{200}', '\\& ', 'g')), 'B'::"char") end`

export const users = pgTable(
  'users',
  {
    id: id(),
    username: text('username').notNull(),
    email: text('email'),
    isActive: boolean('is_active').notNull().default(true),
    isAdmin: boolean('is_admin').notNull().default(false),
    lastSeenAt: instant('last_seen_at'),
    preferences: properties('preferences'),
    /** Since when nothing personal is left of the account; what it wrote is let go of in turns. */
    erasedAt: instant('erased_at'),
    ...lifetime,
  },
  (t) => [
    uniqueIndex('users_email_key').on(sql`lower(${t.email})`),
    index('users_feed').on(t.createdAt, t.id).where(isLive(t)),
    // lists: the four classes of users side by side; the bare column last, for scans of the index alone
    index('users_by_created_at').on(t.isActive, t.isAdmin, t.createdAt, t.id).where(isLive(t)),
    index('users_by_username')
      .on(...expressions(t.isActive, t.isAdmin, sql`lower(${t.username})`, t.id, t.username))
      .where(isLive(t)),
    index('users_by_last_seen_at')
      .on(...expressions(t.isActive, t.isAdmin, seenOrNever(t.lastSeenAt), t.id, t.lastSeenAt))
      .where(isLive(t)),
    index('users_username_trigrams')
      .using('gin', sql`lower(${t.username}) gin_trgm_ops`)
      .where(isLive(t)),
    index('users_preferences')
      .using('gin', t.preferences.op('jsonb_path_ops'))
      .with({ fastupdate: 'off' })
      .where(sql`${t.preferences} <> '{}'`),
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
    /** Null for none: drizzle-kit cannot tell an empty array as a default from another. */
    tags: text('tags').array(),
    metadata: properties('metadata'),
    ...lifetime,
    document: document('document').generatedAlwaysAs(documentOf),
  },
  (t) => [
    // not partial: PostgreSQL does not join two indexes of the same condition
    index('posts_document').using('gin', t.document).with({ fastupdate: 'off' }),
    // partial: a post without any costs them nothing
    index('posts_tags')
      .using('gin', t.tags)
      .with({ fastupdate: 'off' })
      .where(sql`${t.tags} is not null`),
    index('posts_metadata')
      .using('gin', t.metadata.op('jsonb_path_ops'))
      .with({ fastupdate: 'off' })
      .where(sql`${t.metadata} <> '{}'`),
    index('posts_author_feed').on(...liveFirstOf(t, t.authorId)),
    index('posts_feed').on(t.createdAt, t.id).where(isLive(t)),
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
    /** Deleted because its post was: what the post's restoring brings back. */
    deletedWithPost: boolean('deleted_with_post').notNull().default(false),
  },
  (t) => [
    index('comments_post_feed').on(...liveFirstOf(t, t.postId)),
    index('comments_author_feed').on(...liveFirstOf(t, t.authorId)),
    index('comments_feed').on(t.createdAt, t.id).where(isLive(t)),
    ...years('comments', [t.createdAt, t.updatedAt, t.deletedAt]),
  ],
)

/** How often each post was viewed: a table of its own, for a view is no change of the post. */
export const postViews = pgTable('post_views', {
  postId: bigint('post_id', { mode: 'number' })
    .primaryKey()
    .references(() => posts.id, { onDelete: 'cascade' }),
  n: bigint('n', { mode: 'number' }).notNull().default(0),
})

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
    index('sessions_user_feed').on(...liveFirstOf(t, t.userId)),
    index('sessions_user_by_last_seen_at').on(t.userId, t.lastSeenAt, t.id).where(isLive(t)),
    index('sessions_feed').on(t.createdAt, t.id).where(isLive(t)),
    index('sessions_by_last_seen_at').on(t.lastSeenAt, t.id).where(isLive(t)),
    ...years('sessions', [t.createdAt, t.lastSeenAt, t.deletedAt]),
  ],
)
