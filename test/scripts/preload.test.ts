import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { root } from '../support/documents.ts'

describe('what the preload tells Node of drizzle', () => {
  const drizzle = join(root, 'node_modules/drizzle-orm')

  it('is what its package.json says, and no other file below says otherwise', () => {
    expect(globSync('**/package.json', { cwd: drizzle })).toEqual(['package.json'])
    expect(JSON.parse(readFileSync(join(drizzle, 'package.json'), 'utf8')).type).toBe('module')
  })

  it('is true of every file that its modules import', () => {
    const imported = globSync('**/*.js', { cwd: drizzle }).flatMap((file) =>
      [...readFileSync(join(drizzle, file), 'utf8').matchAll(/\bfrom "(\.[^"]*)"/g)].map(
        ([, specifier = '']) => specifier,
      ),
    )
    expect(imported.length).toBeGreaterThan(1000)
    expect(imported.filter((specifier) => !specifier.endsWith('.js'))).toEqual([])
  })
})
