import { type Reader, text } from './values.ts'

/** As the API takes them. */
const mostTags = 20
const longestTag = 50

/**
 * Tags, each once, in lower case, as an array of PostgreSQL's: from a list of JSON, an array as PostgreSQL prints it, or
 * words between commas, semicolons, bars or angle brackets.
 */
export const tags: Reader = (value) => {
  const given = Array.isArray(value) ? value : listIn(value)
  if (given === null || 'reason' in given) return given
  const known = new Set<string>()
  for (const each of given) {
    const tag = typeof each === 'object' ? { reason: 'is not a list of texts' } : text(each)
    if (tag === null || typeof tag === 'object') return tag ?? { reason: 'is not a list of texts' }
    const kept = tag.trim().toLowerCase()
    if (kept.length > longestTag && [...kept].length > longestTag)
      return { reason: `holds one of more than ${longestTag} characters` }
    if (kept !== '') known.add(kept)
  }
  if (known.size > mostTags) return { reason: `are more than ${mostTags}` }
  return `{${[...known].map((tag) => `"${tag.replaceAll(/["\\]/g, '\\$&')}"`).join()}}`
}

function listIn(value: unknown): readonly unknown[] | null | { readonly reason: string } {
  const given = text(value)
  if (given === null || typeof given === 'object') return given
  const list = given.trim()
  if (list === '') return null
  if (list.startsWith('[')) return listOf(list) ?? { reason: 'is not a list of texts' }
  if (list.startsWith('{')) return arrayOf(list) ?? { reason: 'is not an array' }
  return list.split(/[,;|<>]+/)
}

function listOf(list: string): readonly unknown[] | undefined {
  try {
    const value: unknown = JSON.parse(list)
    return Array.isArray(value) ? value : undefined
  } catch {
    return undefined
  }
}

const array = /^\{(?:(?:"(?:[^"\\]|\\.)*"|[^",{}\\]+)(?:,(?!\})|(?=\})))*\}$/s
const element = /"((?:[^"\\]|\\.)*)"|([^",{}\\]+)/gs

const arrayOf = (list: string): string[] | undefined =>
  array.test(list)
    ? [...list.matchAll(element)].map(
        ([, quoted, bare = '']) => quoted?.replaceAll(/\\(.)/gs, '$1') ?? bare,
      )
    : undefined
