import { type LevelWithSilent, pino } from 'pino'
import { type LogOptions, logRecordOf } from '../observability/log-record.ts'
import type { Observer } from '../observability/observation.ts'
import { sampling } from '../observability/sampling.ts'

/** Writes observations as JSON lines to standard output. */
export function openLog(level: LevelWithSilent, options?: LogOptions): Observer {
  const log = pino({ level, base: null, timestamp: pino.stdTimeFunctions.isoTime })
  const sampled = sampling()
  return (observation) => {
    const record = logRecordOf(observation, options)
    if (!record) return
    const omitted = sampled(record)
    if (omitted === undefined) return
    log[record.level](omitted > 0 ? { ...record.fields, omitted } : record.fields, record.message)
  }
}
