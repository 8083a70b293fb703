import { createHash } from 'node:crypto'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Config } from '../config.ts'
import { exportJob } from '../features/exports/job.ts'
import type { ExportFiles } from '../http/export-files.ts'
import type { JobKind } from '../jobs/job.ts'
import { reports } from '../reports.ts'
import { exportDirectory } from './export-files.ts'

type Exports = {
  readonly files: ExportFiles
  readonly kind: JobKind
  readonly stop: () => Promise<void>
}

/** ms from one look for expired files to the next. */
const sweepInterval = 600_000
const hour = 3_600_000

/** The files of exports, of which the expired ones go, and the job that writes them. */
export function startExports(
  config: Config,
  databaseUrl: string,
  onFailed: (error: unknown) => void,
): Exports {
  const { exportRetention: retention } = config
  const files = exportDirectory(directoryOf(config, databaseUrl))
  let sweeping = Promise.resolve()
  const sweep = () => {
    sweeping = files.sweep(retention * hour).catch(onFailed)
  }
  sweep()
  const timer = setInterval(sweep, sweepInterval)
  return {
    files,
    kind: exportJob({ reports, files, retention }),
    async stop() {
      clearInterval(timer)
      await sweeping
    },
  }
}

/** Servers of other databases, and of other users, have other temporary directories. */
export function directoryOf(
  { exportDir, databaseUrl, dataDir }: Pick<Config, 'exportDir' | 'databaseUrl' | 'dataDir'>,
  url: string,
): string {
  if (exportDir !== undefined) return exportDir
  if (databaseUrl === undefined) return join(dataDir, 'exports')
  const database = createHash('sha256').update(url).digest('hex').slice(0, 12)
  return join(tmpdir(), `shopboard-exports-${process.getuid?.() ?? 0}-${database}`)
}
