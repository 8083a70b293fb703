import { type LevelWithSilent, pino } from 'pino'
import { logRecordOf } from '../observability/log-record.ts'
import type { Observer } from '../observability/observation.ts'

/** Writes observations as JSON lines to standard output. */
export function openLog(level: LevelWithSilent): Observer {
  const log = pino({ level, base: null, timestamp: pino.stdTimeFunctions.isoTime })
  return (observation) => {
    const record = logRecordOf(observation)
    if (record) log[record.level](record.fields, record.message)
  }
}
