import { type SQL, type SQLWrapper, sql } from 'drizzle-orm'

/** Characters of a title and of a body that a list shows: a page of long ones would be megabytes. */
export const mostOfTitle = sql.raw('300')
const mostOfBody = 5_000

/** A body as a column of a source, and in the JSON of its row. */
export type Body = { readonly column: SQL; readonly json: SQL }

/** One character more than is shown tells whether there are more. */
export const shownOf = (body: SQLWrapper): Body => ({
  column: sql`left(${body}, ${sql.raw(String(mostOfBody + 1))}) as body`,
  json: sql.raw(
    `',"body":', to_json(left(page.body, ${mostOfBody})), ',"isTruncated":', to_json(char_length(page.body) > ${mostOfBody})`,
  ),
})

export const wholeOf = (body: SQLWrapper): Body => ({
  column: sql`${body} as body`,
  json: sql.raw(`',"body":', to_json(page.body), ',"isTruncated":false'`),
})
