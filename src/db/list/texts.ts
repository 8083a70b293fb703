import { type SQL, type SQLWrapper, sql } from 'drizzle-orm'

/** Characters of a title and of a body that a list shows: a page of long ones would be megabytes. */
const mostOfTitle = 300
const mostOfBody = 5_000

/** A body as a column of a source, and in the JSON of its row. */
export type Body = { readonly column: SQL; readonly json: SQL }

/** The first characters: a text is counted only where its bytes could be more. Ten short bodies take 20 µs less. */
const beginningOf = (text: SQLWrapper, most: number): SQL =>
  sql`case when octet_length(${text}) > ${sql.raw(String(most))} then left(${text}, ${sql.raw(String(most))}) else ${text} end`

export const beginningOfTitle = (title: SQLWrapper): SQL => beginningOf(title, mostOfTitle)

/** One character more than is shown tells whether there are more. */
export const shownOf = (body: SQLWrapper): Body => ({
  column: sql`${beginningOf(body, mostOfBody + 1)} as body`,
  json: sql`',"body":', to_json(${beginningOf(sql.raw('page.body'), mostOfBody)}),
        ',"isTruncated":', to_json(octet_length(page.body) > ${sql.raw(String(mostOfBody))} and char_length(page.body) > ${sql.raw(String(mostOfBody))})`,
})

export const wholeOf = (body: SQLWrapper): Body => ({
  column: sql`${body} as body`,
  json: sql.raw(`',"body":', to_json(page.body), ',"isTruncated":false'`),
})
