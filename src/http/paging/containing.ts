import { z } from '@hono/zod-openapi'

/*
 * `metadata[key]=value`: what a row's own object must contain. A value that reads as JSON (a number, true, false, null) means
 * that and the text alike, so what is asked for is a choice of objects, any of which will do.
 */

/** Of one parameter: where the value lies, and the JSON it may be. */
type Property = { readonly keys: readonly string[]; readonly values: readonly string[] }
type Given = readonly (readonly [parameter: string, value: unknown])[]

const mostGiven = 4
const written = /^\w+((?:\[[^[\]]+\]){1,4})$/
/** PostgreSQL's numbers end far beyond. */
const scalar = /^(?:true|false|null|-?(?:0|[1-9]\d{0,99})(?:\.\d{1,100})?(?:[eE][+-]?\d{1,3})?)$/

/** What a client sends for a query with such parameters. */
type Sent<Schema extends z.ZodObject, Name extends string> = Omit<z.input<Schema>, Name> & {
  [parameter in `${Name}[${string}]`]?: string
}
/** zod cannot tell that it takes any route's query, for what it calls a codec could not. */
type Gathering<Schema extends z.ZodObject, Name extends string> = z.ZodPipe<
  z.core.$ZodType<unknown, Sent<Schema, Name>>,
  z.ZodType<z.output<Schema>>
>

/** The parameters that begin with `name[` as one field of the query, which `schema` has. */
export const gathering = <const Name extends string, Schema extends z.ZodObject>(
  name: Name,
  schema: Schema,
) =>
  z.preprocess((query: Sent<Schema, Name>) => {
    const all: Given = Object.entries(query)
    const isOfName = ([parameter]: readonly [string, unknown]) =>
      parameter === name || parameter.startsWith(`${name}[`)
    const given: Given = all.filter(isOfName)
    const others = all.filter((each) => !isOfName(each))
    return Object.fromEntries(given.length === 0 ? others : [...others, [name, given]])
  }, schema) as unknown as Gathering<Schema, Name>

/** That field: JSON objects, in an order that does not depend on that of the parameters. */
export const containing = (description: string) =>
  z
    .custom<Given>()
    .transform((given, context): readonly string[] => {
      const reject = (parameter: string, message: string) => {
        const path = parameter.replace(/^\w+/, '')
        context.addIssue({ code: 'custom', message, path: path === '' ? [] : [path] })
      }
      const properties = given.flatMap(([parameter, value]) => {
        const property = propertyOf(parameter, value)
        if (typeof property !== 'string') return property
        reject(parameter, property)
        return []
      })
      for (const [at, { keys }] of properties.entries())
        if (properties.some((other, place) => place !== at && isWithin(keys, other.keys)))
          reject(inBrackets(keys), 'cannot be combined with a value around it')
      if (given.length > mostGiven) reject('', `at most ${mostGiven} of them`)
      return objectsOf(properties)
    })
    .optional()
    .openapi({
      type: 'object',
      additionalProperties: { type: 'string' },
      description,
      param: { style: 'deepObject', explode: true },
    })

/** @returns what is wrong with it, where it is no property */
function propertyOf(parameter: string, value: unknown): Property | string {
  const [, path] = written.exec(parameter) ?? []
  if (path === undefined) return 'must be written as [key]=value, nested to a depth of 4 at most'
  if (typeof value !== 'string') return 'must be given once'
  const text = JSON.stringify(value)
  return {
    keys: path.slice(1, -1).split(']['),
    values: scalar.test(value) ? [text, value] : [text],
  }
}

const inBrackets = (keys: readonly string[]) => keys.map((key) => `[${key}]`).join('')

const isWithin = (keys: readonly string[], others: readonly string[]) =>
  others.length < keys.length && others.every((key, at) => key === keys[at])

/** Every choice of values, merged to an object. */
function objectsOf(properties: readonly Property[]): string[] {
  const sorted = properties.toSorted((one, other) =>
    inBrackets(one.keys) < inBrackets(other.keys) ? -1 : 1,
  )
  let choices: (readonly (readonly [keys: readonly string[], json: string])[])[] = [[]]
  for (const { keys, values } of sorted)
    choices = choices.flatMap((some) => values.map((json) => [...some, [keys, json] as const]))
  return choices.map((some) => objectOf(some))
}

function objectOf(values: readonly (readonly [keys: readonly string[], json: string])[]): string {
  const inside = Map.groupBy(values, ([[key = '']]) => key)
  const fields = Array.from(inside, ([key, of]) => {
    const [[keys, json] = [[], '']] = of
    const rest = of.map(([[, ...keys], json]) => [keys, json] as const)
    return `${JSON.stringify(key)}:${keys.length === 1 ? json : objectOf(rest)}`
  })
  return `{${fields.join(',')}}`
}
