import { validationFailed } from '../../errors/error.ts'
import type { Report } from '../../http/report.ts'
import { queryErrorsOf } from '../../http/validation.ts'
import type { ExportRequest } from './schemas.ts'

/** Those that say which page. */
const pages = ['cursor', 'page', 'pageSize']

/** The filters as a query has them. @throws AppError validation_failed where the list would refuse them */
export function filtersOf(
  { filters: schema }: Report,
  { filters }: Pick<ExportRequest, 'filters'>,
): Record<string, string> {
  const asked = Object.fromEntries(
    Object.entries(filters).map(([name, value]) => [name, String(value)]),
  )
  const checked = schema.safeParse(asked)
  const faults = [
    ...pages
      .filter((name) => Object.hasOwn(asked, name))
      .map((path) => ({ path, message: 'is not a filter: all pages are exported' })),
    ...(checked.success ? [] : queryErrorsOf(checked.error, asked)),
  ]
  if (faults.length > 0)
    throw validationFailed(
      faults.map(({ path, message }) => ({ path: `filters.${path}`, message })),
    )
  return asked
}
