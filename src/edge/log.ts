import { logRecordOf } from '../observability/log-record.ts'
import type { Observer } from '../observability/observation.ts'

/** Writes a line of JSON to the console, which the platform collects. */
export function log(
  level: 'info' | 'warn' | 'error',
  message: string,
  fields: Readonly<Record<string, unknown>>,
): void {
  console[level](JSON.stringify({ level, message, ...fields }))
}

/** Requests the platform logs itself. */
export const observe: Observer = (observation) => {
  const record = logRecordOf(observation)
  if (record && record.level !== 'debug') log(record.level, record.message, record.fields)
}
