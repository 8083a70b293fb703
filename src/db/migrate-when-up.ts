import { type MigrateOptions, migrate } from './migrate.ts'
import type { SchemaVersion } from './schema-version.ts'
import { whenUp } from './when-up.ts'

/** `migrate`, tried again for `timeout` ms while the server cannot be reached: see `whenUp`. */
export const migrateWhenUp = (
  url: string,
  timeout: number,
  onWaiting: (reason: string) => void,
  options?: MigrateOptions,
): Promise<SchemaVersion> => whenUp(url, timeout, onWaiting, () => migrate(url, options))
