import { type FieldError, malformedJson, validationFailed } from '../errors/error.ts'

/** Objects and arrays inside one another. */
const mostDepth = 64
/** More are not looked for. */
const mostFaults = 100

/** An object or array that is open, and where in it the scan is. */
type Container = {
  at: string | number
  /** Of an object, so far. */
  readonly keys: string[] | undefined
  /** Once they are many. */
  index?: Set<string>
}

/**
 * As JSON.parse, without what no two programs read alike or no database keeps: keys given twice, or that reach for a
 * prototype, characters that are none, numbers that lose digits, and nesting without end.
 * @throws AppError malformed_json; validation_failed with every such fault
 */
export function parseStrictly(text: string): unknown {
  const faults = faultsIn(text)
  const value = parsed(text)
  if (faults.length > 0) throw validationFailed(faults)
  return value
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (error) {
    throw malformedJson(whereOf(error), error)
  }
}

/** V8 says where, in words that quote the text. */
function whereOf(error: unknown): string | undefined {
  const { message } = error instanceof Error ? error : { message: '' }
  if (/end of JSON|Unterminated/.test(message)) return 'It ends too early.'
  const position = /at position (\d+)/.exec(message)?.[1]
  return position && `It goes wrong at character ${Number(position) + 1}.`
}

/** Takes about as long as JSON.parse, of which it relies on nothing. @throws AppError for nesting that is too deep to parse */
function faultsIn(text: string): FieldError[] {
  const faults: FieldError[] = []
  const around: Container[] = []
  let inside: Container | undefined
  let isKeyNext = false
  const string = { end: 0, isEscaped: false }
  const report = (message: string) => faults.push({ path: pathOf(around, inside), message })

  for (let at = 0; at < text.length; at += 1) {
    switch (text.charCodeAt(at)) {
      case 0x22: /* " */ {
        scanString(text, at, string)
        const { end } = string
        if (isKeyNext && inside) {
          const fault = faultOfKey(inside, text.slice(at + 1, end))
          if (fault) report(fault)
          isKeyNext = false
        }
        if (string.isEscaped) {
          const fault = faultOfCharacters(text.slice(at + 1, end))
          if (fault) report(fault)
        }
        at = end
        break
      }
      case 0x7b: /* { */
      case 0x5b /* [ */:
        if (inside) around.push(inside)
        isKeyNext = text.charCodeAt(at) === 0x7b
        inside = isKeyNext ? { at: '', keys: [] } : { at: 0, keys: undefined }
        if (around.length < mostDepth) break
        report(`is nested deeper than ${mostDepth} levels`)
        throw validationFailed(faults)
      case 0x7d: /* } */
      case 0x5d /* ] */:
        inside = around.pop()
        isKeyNext = false
        if (faults.length >= mostFaults) return faults
        break
      case 0x2c /* , */:
        if (typeof inside?.at === 'number') inside.at += 1
        else isKeyNext = true
        break
      case 0x2d: /* - */
      case 0x30:
      case 0x31:
      case 0x32:
      case 0x33:
      case 0x34:
      case 0x35:
      case 0x36:
      case 0x37:
      case 0x38:
      case 0x39: {
        const end = endOfNumber(text, at)
        const fault = end - at > 2 && faultOfNumber(text, at, end)
        if (fault) report(fault)
        at = end - 1
      }
    }
  }
  return faults
}

const pathOf = (around: readonly Container[], inside: Container | undefined) =>
  [...around, ...(inside ? [inside] : [])].map(({ at }) => at).join('.') || 'body'

/**
 * Finds the quote that ends the string which begins at `start`, or the end of a text that is cut off; and whether the string has a
 * `\u`. By characters: `indexOf` in a text of more than a MiB copies it each time, 40 s for one of 1.5 MiB.
 */
function scanString(text: string, start: number, found: { end: number; isEscaped: boolean }) {
  found.isEscaped = false
  for (let at = start + 1; at < text.length; at += 1) {
    const code = text.charCodeAt(at)
    if (code === 0x22) {
      found.end = at
      return
    }
    if (code !== 0x5c) continue
    at += 1
    if (text.charCodeAt(at) === 0x75) found.isEscaped = true
  }
  found.end = text.length
}

function endOfNumber(text: string, start: number): number {
  let at = start + 1
  for (let code = text.charCodeAt(at); ; code = text.charCodeAt(++at)) {
    const isDigit = code >= 0x30 && code <= 0x39
    if (!isDigit && code !== 0x2e && code !== 0x2d && code !== 0x2b && (code | 0x20) !== 0x65)
      return at
  }
}

/** Keys are the same however their letters are written. */
function faultOfKey(object: Container, content: string): string | undefined {
  const key = content.includes('\\') ? unescaped(content) : content
  object.at = key
  if (key === '__proto__' || key === 'constructor') return 'is not allowed as a key'
  const { keys = [] } = object
  if (object.index?.has(key) ?? keys.includes(key)) return 'must be given once'
  if (object.index) object.index.add(key)
  else if (keys.push(key) > 12) object.index = new Set(keys)
  return undefined
}

function faultOfCharacters(content: string): string | undefined {
  const characters = unescaped(content)
  if (characters.includes('\0')) return 'must not contain a NUL character'
  return characters.isWellFormed() ? undefined : 'must not contain half of a surrogate pair'
}

function unescaped(content: string): string {
  try {
    return JSON.parse(`"${content}"`)
  } catch {
    return content
  }
}

function faultOfNumber(text: string, start: number, end: number): string | undefined {
  const number = text.slice(start, end)
  if (number.length < 16 && !/e/i.test(number)) return undefined
  const value = Number(number)
  if (value === Infinity || value === -Infinity) return 'is too large a number'
  if (Number.isSafeInteger(value) && value !== 0) return undefined
  if (/^-?\d+$/.test(number)) return inexact
  // also `9007199254740993.0` and `9007199254740993e0`; what is smaller may be rounded in its fraction
  const isExtreme = value === 0 || Math.abs(value) > Number.MAX_SAFE_INTEGER
  const isRounded = isExtreme && digitsOf(number) !== digitsOf(String(value))
  if (!isRounded) return undefined
  return value === 0 ? 'is too small a number' : inexact
}

const inexact = 'is too large a number to be exact: send it as a string'

/** The significant ones. */
const digitsOf = (number: string) =>
  number
    .replace(/e.*/i, '')
    .replace(/[-.]/g, '')
    .replace(/^0+|0+$/g, '')
