import { z } from '@hono/zod-openapi'

type Path = readonly string[]

/** The columns of rows of a schema: an object inside brings its own, `author.id`. */
export const columnsOf = (item: z.ZodObject): Path[] =>
  Object.entries(item.shape).flatMap(([name, schema]) => {
    const inner = unwrapped(schema)
    return inner instanceof z.ZodObject ? columnsOf(inner).map((path) => [name, ...path]) : [[name]]
  })

function unwrapped(schema: unknown): unknown {
  const isWrapped =
    schema instanceof z.ZodNullable ||
    schema instanceof z.ZodOptional ||
    schema instanceof z.ZodDefault
  return isWrapped ? unwrapped(schema.unwrap()) : schema
}

export const csvHeader = (columns: readonly Path[]): string =>
  `${columns.map((path) => path.join('.')).join()}\n`

/** A row (RFC 4180) of an object's JSON. */
export function csvLine(columns: readonly Path[], json: string): string {
  const item: unknown = JSON.parse(json)
  return `${columns.map((path) => cell(path.reduce(memberOf, item))).join()}\n`
}

const memberOf = (value: unknown, name: string): unknown =>
  typeof value === 'object' && value !== null ? Reflect.get(value, name) : undefined

function cell(value: unknown): string {
  if (value === null || value === undefined) return ''
  if (typeof value === 'string') return quoted(harmless(value))
  return typeof value === 'object' ? quoted(JSON.stringify(value)) : String(value)
}

/** Spreadsheets take what begins so for a formula. https://owasp.org/www-community/attacks/CSV_Injection */
const harmless = (text: string) => (/^[=+\-@\t\r]/.test(text) ? `'${text}` : text)

const quoted = (text: string) =>
  text === '' || /[",\r\n]|^\s|\s$/.test(text) ? `"${text.replaceAll('"', '""')}"` : text
