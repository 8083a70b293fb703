import { isPackaged, shopboard } from '../invocation.ts'

/**
 * What a newcomer may open and try, a line each. For a terminal only: elsewhere the output is read by machines, and
 * the log follows on it.
 */
export const nextSteps = (url: string, isOpen = true): string =>
  [
    `  See it       ${url}`,
    `  Reference    ${url}/docs`,
    `  Try          curl ${isOpen ? '' : "-H 'Authorization: Bearer sb_…' "}'${url}/api/v1/activity?pageSize=5'`,
    ...(isPackaged ? [] : ['  The tables   npm run studio']),
    `  Your data    ${shopboard} import DIR --replace`,
  ].join('\n')
