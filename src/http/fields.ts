import { z } from '@hono/zod-openapi'

/** What request bodies are made of. */

/** A text of so many characters, as PostgreSQL counts them. */
export const text = (least: number, most: number) =>
  z
    .string()
    .refine((text) => isLong(text, least, most), `must have ${least} to ${most} characters`)
    .openapi({ minLength: least, maxLength: most })

const mostBytes = 16_384
const mostDepth = 8

/** An object that a client keeps with a row. */
export const properties = z
  .record(z.string(), z.unknown())
  .refine(
    (object) => depthOf(object) <= mostDepth,
    `must not be nested more than ${mostDepth} deep`,
  )
  .refine(
    (object) => encoder.encode(JSON.stringify(object, writtenOut)).length <= mostBytes,
    `must have at most ${mostBytes} bytes as JSON`,
  )
  .openapi({
    description: `A JSON object of at most ${mostBytes / 1024} KiB, nested at most ${mostDepth} deep.`,
  })

const encoder = new TextEncoder()

/** PostgreSQL keeps and shows `1e308` with all of its zeros: an array of such would be 45 times as long. */
function writtenOut(_: string, value: unknown): unknown {
  const exponent = typeof value === 'number' && /e[-+](\d+)$/.exec(String(value))?.[1]
  return exponent ? '0'.repeat(Number(exponent)) : value
}

/** Objects and arrays inside one another; a body has no more than 64. */
const depthOf = (value: unknown): number =>
  typeof value === 'object' && value !== null
    ? 1 + Object.values(value).reduce((most: number, each) => Math.max(most, depthOf(each)), 0)
    : 0

const mostTags = 20

/** Trimmed, in lower case, each once; null where there is none. */
export const tags = z
  .array(
    z
      .string()
      .transform((tag) => tag.trim().toLowerCase().normalize('NFC'))
      .pipe(
        text(1, 50).refine((tag) => !tag.includes(','), 'must be without commas, which part tags'),
      ),
  )
  .transform((all) => [...new Set(all)])
  .refine((all) => all.length <= mostTags, `must be at most ${mostTags}`)
  .transform((all) => (all.length === 0 ? null : all))
  .openapi({
    type: 'array',
    items: { type: 'string', minLength: 1, maxLength: 50 },
    description: `At most ${mostTags} tags without commas: trimmed, in lower case, each once.`,
  })

export const email = text(3, 254)
  .refine((text) => /^[^\s@]+@[^\s@]+$/.test(text), 'must be an e-mail address')
  .openapi({ format: 'email', description: 'Written, never shown.' })

/** A PATCH takes some of the fields, one at least. */
export const someOf = <Shape extends z.core.$ZodLooseShape>(fields: Shape) =>
  z
    .strictObject(fields)
    .partial()
    .refine((given) => Object.keys(given).length > 0, 'must have one field at least')
    .openapi({ minProperties: 1 })

function isLong(text: string, least: number, most: number): boolean {
  // a character takes one or two units
  if (text.length < least || text.length > 2 * most) return false
  const length = text.length > most ? [...text].length : text.length
  return length <= most && (text.length >= 2 * least || [...text].length >= least)
}
