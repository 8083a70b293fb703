import { type LevelWithSilent, pino } from 'pino'
import { logRecordOf } from '../observability/log-record.ts'
import type { Observer } from '../observability/observation.ts'

/** JSON lines on standard output. Node only. */
export function openLog(level: LevelWithSilent): Observer {
  const log = pino({ level, base: null, timestamp: pino.stdTimeFunctions.isoTime })
  return (observation) => {
    const line = logRecordOf(observation)
    if (line) log[line.level](line.fields, line.message)
  }
}
