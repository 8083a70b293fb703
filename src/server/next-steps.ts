import { isPackaged, shopboard } from '../invocation.ts'

/**
 * What a newcomer may open and try, a line each. For a terminal only: elsewhere the output is read by machines, and
 * the log follows on it.
 */
export const nextSteps = (url: string): string =>
  [
    `  See it       ${url}`,
    `  Reference    ${url}/docs`,
    `  Try          curl '${url}/api/v1/activity?pageSize=5'`,
    ...(isPackaged ? [] : ['  The tables   npm run studio']),
    `  Your data    ${shopboard} import DIR --replace`,
  ].join('\n')
