import fc from 'fast-check'

/** What is read of a JSON schema. */
export type Schema = {
  readonly $ref?: string
  readonly type?: string | readonly string[]
  readonly enum?: readonly unknown[]
  readonly format?: string
  readonly minimum?: number
  readonly maximum?: number
  readonly minLength?: number
  readonly maxLength?: number
  readonly items?: Schema
  readonly properties?: Readonly<Record<string, Schema>>
  readonly required?: readonly string[]
  readonly anyOf?: readonly Schema[]
  readonly oneOf?: readonly Schema[]
}

/** Stands for a cursor and a tag that an answer had. */
export const [cursorSeen, etagSeen] = ['CURSOR', 'ETAG']

/** Texts that break what is careless. */
const hostileTexts = [
  '',
  ' ',
  '0',
  '-0',
  '1e3',
  '0x10',
  '٣',
  'null',
  'NaN',
  'true',
  '%',
  '%00',
  '\u0000',
  '\ud83d',
  '\ufeff',
  '\u202e',
  '😀',
  'e\u0301',
  "'",
  '"',
  "a' or 1=1 --",
  "'); drop table users; --",
  '$1',
  '\\',
  '{}',
  '[]',
  '{1,2}',
  '<b>',
  '*',
  ',',
  'a,b',
  '../..',
  '9007199254740991',
  '9007199254740992',
  '9223372036854775808',
  '-9007199254740991',
  '1.5',
  'infinity',
  '0000-01-01',
  '9999-12-31T23:59:60Z',
  '2026-02-30',
  '2026-11-21T00:00:00.1234567+14:00',
  'x'.repeat(300),
  '😀'.repeat(200),
]
/** What means something to some parameter or other. */
const usualTexts = [
  cursorSeen,
  'a',
  'film',
  'demo',
  'UTC',
  'Europe/Lisbon',
  '7d',
  '2026-11',
  '2026-11-20',
  'ada',
]

export const hostileText = fc.constantFrom(...hostileTexts)
const anyText = fc.oneof(
  { weight: 3, arbitrary: fc.constantFrom(...usualTexts) },
  { weight: 2, arbitrary: hostileText },
  fc.string({ maxLength: 20, unit: 'binary' }),
)

/** What is no value of the schema, most of the time. */
const hostileValue: fc.Arbitrary<unknown> = fc.oneof(
  hostileText,
  fc.constantFrom<unknown>(null, true, 0, -1, 1.5, 2 ** 53, -(2 ** 63), 1e300, [], {}, [null], {
    a: { b: { c: {} } },
  }),
  fc.jsonValue({ maxDepth: 3 }),
)

/** Rows that there are, or soon will be; system users; none. */
const someId = fc.oneof(
  { weight: 6, arbitrary: fc.integer({ min: 1, max: 30 }) },
  fc.constantFrom(0, -1, 9007199254740991, -9007199254740991, 123_456_789),
)

const instants = ['2026-11-20', '2020-05-31T01:40:47.307000Z', '2026-11-21T03:00:00+05:30']

type Resolve = (schema: Schema) => Schema

/** How a schema is read: `isTame` keeps to what fits it. */
export type Reading = { readonly resolve: Resolve; readonly isTame: boolean }

/** Values of the schema; unless tame those at its edges too, and now and then what it refuses. */
export function someOf(schema: Schema, reading: Reading): fc.Arbitrary<unknown> {
  const valid = validOf(reading.resolve(schema), reading)
  if (reading.isTame) return valid
  return fc.oneof({ weight: 8, arbitrary: valid }, { weight: 1, arbitrary: hostileValue })
}

function validOf(schema: Schema, reading: Reading): fc.Arbitrary<unknown> {
  const { type, enum: names, anyOf, oneOf } = schema
  if (names) return fc.constantFrom(...names)
  const some = anyOf ?? oneOf
  if (some) return fc.oneof(...some.map((each) => someOf(each, reading)))
  if (Array.isArray(type))
    return fc.oneof(...type.map((each: string) => validOf({ ...schema, type: each }, reading)))
  switch (type) {
    case 'string':
      return textOf(schema, reading)
    case 'integer':
    case 'number':
      return numberOf(schema, reading)
    case 'boolean':
      return fc.boolean()
    case 'null':
      return fc.constant(null)
    case 'array':
      return fc.array(someOf(schema.items ?? {}, reading), {
        maxLength: reading.isTame ? 5 : 25,
        size: 'small',
      })
    case 'object':
      return objectOf(schema, reading)
    default:
      return fc.jsonValue({ maxDepth: 2 })
  }
}

function textOf(
  { format, minLength = 0, maxLength = 300 }: Schema,
  { isTame }: Reading,
): fc.Arbitrary<string> {
  if (format === 'date-time') return fc.constantFrom(...instants)
  if (format === 'date') return fc.constantFrom('2026-11-20', '0001-01-01', '9999-12-31')
  if (format === 'email') return fc.nat({ max: 40 }).map((n) => `Somebody-${n}@a.example`)
  if (isTame) return fc.constantFrom(...usualTexts)
  const edges = [minLength, maxLength, maxLength + 1, minLength - 1]
    .filter((length) => length >= 0 && length <= 30_000)
    .map((length) => 'x'.repeat(length))
  return fc.oneof({ weight: 3, arbitrary: anyText }, fc.constantFrom(...edges))
}

function numberOf({ format, minimum, maximum }: Schema, { isTame }: Reading): fc.Arbitrary<number> {
  if (format === 'int64') return isTame ? fc.integer({ min: 1, max: 10 }) : someId
  const [least, most] = [minimum ?? -1000, maximum ?? 1000]
  const fitting = fc.integer({ min: least, max: most })
  return isTame
    ? fitting
    : fc.oneof(fitting, fc.constantFrom(least, most, least - 1, most + 1, 0.5))
}

/** Now and then a required field is missing, or there is one more. */
function objectOf(
  { properties = {}, required = [] }: Schema,
  reading: Reading,
): fc.Arbitrary<unknown> {
  const model = Object.fromEntries(
    Object.entries(properties).map(([name, each]) => [name, someOf(each, reading)]),
  )
  if (Object.keys(properties).length === 0)
    return fc.dictionary(
      reading.isTame ? fc.constantFrom(...usualTexts) : anyText,
      fc.jsonValue(),
      {
        maxKeys: 3,
      },
    )
  const complete = fc.record(model, { requiredKeys: [...required] })
  if (reading.isTame) return complete
  const partial = fc.record(model, { requiredKeys: [] })
  const more = fc
    .tuple(complete, fc.constantFrom('colour', 'id', 'deletedAt'), fc.jsonValue())
    .map(([object, name, value]) => ({ ...Object(object), [name]: value }))
  return fc.oneof({ weight: 6, arbitrary: complete }, partial, more)
}
