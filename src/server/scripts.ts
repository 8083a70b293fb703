import { readdirSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { relative, sep } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Scripts } from '../http/context.ts'
import { scalarVersion } from '../http/docs.ts'

type Files = Exclude<Scripts, 'platform'>

/**
 * The scripts of the reference page: those that `npm run build:reference` copied, also into the package that is
 * published, else those of the development dependency. Undefined where neither is there.
 */
export function installedScripts(): Files | undefined {
  const built = new URL(`../../dist/reference/docs/scalar/${scalarVersion}`, import.meta.url)
  const installed = new URL(
    '../../node_modules/@scalar/api-reference/dist/browser',
    import.meta.url,
  )
  return scriptsIn(built) ?? scriptsIn(installed)
}

const scriptName = /^(standalone\.esm|chunks\/[\w.-]+)\.js$/

/** The list is made once: no other file can be asked for, nor one that a link leads to. */
export function scriptsIn(directory: URL): Files | undefined {
  const root = fileURLToPath(directory)
  try {
    const files = readdirSync(root, { recursive: true, withFileTypes: true }).flatMap((entry) => {
      const path = `${entry.parentPath}${sep}${entry.name}`
      const name = relative(root, path).replaceAll(sep, '/')
      if (!entry.isFile() || !scriptName.test(name)) return []
      return [[name, () => readFile(path, 'utf8')]] as const
    })
    return files.length > 0 ? new Map(files) : undefined
  } catch {
    return undefined
  }
}
