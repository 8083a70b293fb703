import { Ajv2020 } from 'ajv/dist/2020.js'
import formats from 'ajv-formats'

type Example = { readonly summary: string; readonly value: unknown }
type Response = {
  readonly headers: Readonly<Record<string, { readonly $ref: string }>>
  readonly content?: Readonly<
    Record<string, { readonly examples?: Readonly<Record<string, Example>> }>
  >
}
type Parameter = { readonly name?: string; readonly in?: string; readonly $ref?: string }
export type Method = 'get' | 'post' | 'patch' | 'put' | 'delete'
export type Operation = {
  readonly parameters?: readonly Parameter[]
  readonly operationId: string
  readonly description: string
  readonly requestBody?: {
    readonly content: Readonly<Record<string, { readonly schema: object }>>
  }
  readonly responses: Readonly<Record<string, Response>>
}

/** What tests read of the OpenAPI document. */
export type Documented = {
  readonly info: { readonly version: string }
  readonly paths: Readonly<Record<string, { readonly [Each in Method]?: Operation }>>
  readonly components: {
    readonly headers: Readonly<Record<string, { required?: boolean }>>
    readonly parameters: Readonly<Record<string, object>>
    readonly schemas: Readonly<Record<string, object>>
  }
}

/** Every operation of the document. */
export const operationsOf = ({ paths }: Documented) =>
  Object.entries(paths).flatMap(([path, item]) =>
    Object.entries(item).map(([method, operation]) => ({
      path,
      method: method as Method,
      operation,
    })),
  )

/** Every example of a read: answers by the request of their summary, failures by their code. */
export function examplesOf(document: Documented) {
  const reads = operationsOf(document).filter(({ method }) => method === 'get')
  const all = reads.flatMap(({ path, operation }) =>
    Object.entries(operation.responses).flatMap(([status, { content = {} }]) =>
      Object.values(content).flatMap(({ examples = {} }) =>
        Object.entries(examples).map(([name, { summary, value }]) => ({
          path,
          status: Number(status),
          code: name,
          request: summary.replace(/^GET /, ''),
          value,
        })),
      ),
    ),
  )
  return {
    answers: all.filter(({ status }) => status === 200),
    failures: all.filter(({ status }) => status >= 400),
  }
}

/** The headers that a response always has, in lower case. */
export function headersOf(
  { paths, components }: Documented,
  path: string,
  status: number,
  method: Method = 'get',
) {
  const names = Object.keys(paths[path]?.[method]?.responses[status]?.headers ?? {})
  return {
    always: names
      .filter((name) => components.headers[name]?.required)
      .map((name) => name.toLowerCase()),
  }
}

/** Says what of a body does not fit the document's schema for it; a field that it does not name is a fault. */
export function checkerOf(text: string) {
  const ajv = new Ajv2020({ strict: false, allErrors: true })
  formats.default(ajv)
  ajv.addSchema(withParts(JSON.parse(text, closed)), 'document')
  return function faultsOf(
    path: string,
    status: number,
    body: unknown,
    method: Method = 'get',
  ): string[] {
    const type = status < 400 ? 'application/json' : 'application/problem+json'
    const way = ['paths', path, method, 'responses', String(status), 'content', type, 'schema']
    const pointer = way.map((each) => encodeURIComponent(each.replaceAll('/', '~1'))).join('/')
    const validate = ajv.getSchema(`document#/${pointer}`)
    if (!validate) return [`${status} is not documented`]
    if (validate(body)) return []
    return (validate.errors ?? []).map(({ instancePath, message }) => `${instancePath} ${message}`)
  }
}

/** Takes no other properties than those named, in all parts of an `allOf` together. */
function closed(_: string, schema: unknown): unknown {
  if (typeof schema !== 'object' || schema === null) return schema
  if ('allOf' in schema && Array.isArray(schema.allOf))
    return { ...schema, allOf: schema.allOf.map(partOf), unevaluatedProperties: false }
  return 'properties' in schema ? { ...schema, additionalProperties: false } : schema
}

/** The other parts may have properties, too. */
const partOf = ({ $ref, additionalProperties: _, ...part }: Record<string, unknown>) =>
  $ref === undefined ? part : { ...part, $ref: `${$ref}${open}` }
const open = '_open'

/** With each schema as it may be a part of others. */
function withParts(document: Documented): Documented {
  const { components } = document
  const parts = Object.entries(components.schemas).map(([name, schema]) => {
    const { unevaluatedProperties: _, ...part } = partOf({ ...schema })
    return [`${name}${open}`, part]
  })
  const schemas = { ...components.schemas, ...Object.fromEntries(parts) }
  return { ...document, components: { ...components, schemas } }
}
