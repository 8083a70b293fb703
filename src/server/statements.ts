import '../app.ts'
import '../cache/watcher.ts'
import '../commands/explain/samples.ts'
import '../db/access.ts'
import '../db/rollup/fold.ts'
import '../db/rollup/rebuild.ts'
import '../db/rollup/verify.ts'
import '../db/schema-version.ts'
import '../db/search-language.ts'
import '../db/views.ts'
import '../db/write-access.ts'
import '../job-kinds.ts'
import '../jobs/working.ts'
import { everyVariant, type Statement } from '../db/statement.ts'

/** Every statement of the program in all its variants, by name: the imports above make them. */
export const everyStatement = (): Statement<never, unknown>[] =>
  [...everyVariant()].toSorted((one, other) => (one.name < other.name ? -1 : 1))
