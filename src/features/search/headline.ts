import { type SQL, sql } from 'drizzle-orm'
import { posts, users } from '../../db/schema.ts'

/*
 * What was found, within `<mark>`: HTML, so the text around it is escaped. Hits are marked by two characters of private
 * use, which no text keeps, and become tags when nothing is left that could be one.
 */
const [start, stop] = ['\u{E000}', '\u{E001}']

const inHtml = (marked: SQL): SQL => {
  const pairs = [
    ['&', '&amp;'],
    ['<', '&lt;'],
    ['>', '&gt;'],
    ['"', '&quot;'],
    [`''`, '&#39;'],
    [start, '<mark>'],
    [stop, '</mark>'],
  ]
  const opened = pairs.map(() => 'replace(').join('')
  const closed = pairs.map(([from, to]) => `, '${from}', '${to}')`).join('')
  return sql`${sql.raw(opened)}${marked}${sql.raw(closed)}`
}

const withoutMarks = (text: SQL): SQL =>
  sql`translate(${text}, ${sql.raw(`'${start}${stop}'`)}, '')`

/** Characters of a body that are looked at: 0.2 ms a post. */
const mostOfBody = sql.raw('2000')

/** A run of 200 characters is broken: the parser is slow with longer ones. */
const text = sql`regexp_replace(concat_ws(E'\\n', left(${posts.title}, 300), left(${posts.body}, ${mostOfBody})), E'\\\\S{200}', E'\\\\& ', 'g')`

const options = `StartSel=${start}, StopSel=${stop}, MaxFragments=2, MinWords=8, MaxWords=25, FragmentDelimiter=" … "`

export const headlineOfPost: SQL = inHtml(
  sql`ts_headline('rollup.search', ${withoutMarks(text)}, (select query from asked), ${sql.raw(`'${options}'`)})`,
)

/** The first place where the name has it; lower case of another length says nothing about places. */
const name = withoutMarks(sql`${users.username}`)
const place = sql`case when char_length(lower(${users.username})) = char_length(${users.username}) then strpos(lower(${name}), (select name from asked)) else 0 end`
export const headlineOfUser: SQL = inHtml(sql`(
        select case when at > 0 then overlay(overlay(${name} placing ${sql.raw(`'${stop}'`)} from at + length for 0) placing ${sql.raw(`'${start}'`)} from at for 0) else ${name} end
        from (select ${place} as at, char_length(name) as length from asked) as placed
      )`)
