import type { FieldError } from '../errors/error.ts'

/** Of an object that a client keeps with a row. */
export const mostBytes = 16_384
export const mostDepth = 8
/** Told of one object. */
const mostFaults = 20

type Fault = Pick<FieldError, 'message'> & { readonly path: readonly PropertyKey[] }

const encoder = new TextEncoder()

/** Whether PostgreSQL can hold the text. */
export const isStorable = (text: string): boolean => text.isWellFormed() && !text.includes('\0')
export const notStorable = 'must be Unicode text without NUL'

/** What of a JSON object keeps it from being stored with a row. */
export function faultsOf(object: Readonly<Record<string, unknown>>): Fault[] {
  const faults: Fault[] = []
  for (const fault of faultsIn(object, [])) {
    faults.push(fault)
    if (faults.length === mostFaults) break
  }
  if (faults.length === 0 && encoder.encode(JSON.stringify(object)).length > mostBytes)
    return [{ path: [], message: `must have at most ${mostBytes} bytes as JSON` }]
  return faults
}

function* faultsIn(value: unknown, path: readonly PropertyKey[]): Generator<Fault> {
  if (typeof value === 'string' && !isStorable(value)) yield { path, message: notStorable }
  if (typeof value === 'number' && !Number.isFinite(value))
    yield { path, message: 'must be a number that JSON can hold' }
  if (typeof value !== 'object' || value === null) return
  if (path.length >= mostDepth) {
    yield { path, message: `must not be nested more than ${mostDepth} deep` }
    return
  }
  for (const [key, each] of Object.entries(value)) {
    if (!isStorable(key)) yield { path, message: `must have no such key: ${notStorable}` }
    else yield* faultsIn(each, [...path, key])
  }
}
