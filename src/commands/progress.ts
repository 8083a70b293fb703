import { SingleBar } from 'cli-progress'
import { counted, grouped } from './grouped.ts'
import type { Terminal } from './terminal.ts'

/** What a long command tells while it works. */
export type Progress = {
  readonly note: (text: string) => void
  /** Begins a step of known length, in bytes or rows; its bar counts rows, or what `unit` says. */
  readonly step: (label: string, length: number, unit?: string) => Step
  /** Ends the bar of a step that failed: it would go on for ever, and the process with it. */
  readonly stop: () => void
}
export type Step = {
  /** `done` of the step's length; `rows` are those done so far. */
  readonly update: (done: number, rows: number) => void
  readonly end: () => void
}

/** ms between two lines of one step on a plain output. */
const lineInterval = 10_000

/** Bars on stderr where that is a TTY, else a line at the end of every step and every ten seconds of a long one. */
export function progressOn({ stdout, stderr }: Terminal): Progress {
  let bar: SingleBar | undefined
  const note = (text: string) => {
    // in the bar's place: it is drawn anew below, and ends by returning to where it is
    if (bar?.isActive) stderr.write('\r\x1b[K')
    stdout.write(`${text}\n`)
    if (bar?.isActive) stderr.write('\x1b7')
  }
  return {
    note,
    step(label, length, unit = 'rows') {
      if (!stderr.isTTY) return linesOf(label, length, note)
      bar = new SingleBar(barOptions(label, unit))
      return stepOf(bar, length)
    },
    stop: () => bar?.stop(),
  }
}

const barOptions = (label: string, unit: string) => ({
  format: `${label.padEnd(18)} {bar} {percentage}% | {rows} ${unit} | {rate} ${unit}/s | ETA {eta_formatted}`,
  etaBuffer: 50,
  hideCursor: null,
  linewrap: null,
  gracefulExit: false,
})

function stepOf(bar: SingleBar, length: number): Step {
  const rate = rateSince()
  bar.start(length, 0, { rows: '0', rate: '0' })
  return {
    update: (done, rows) => bar.update(done, { rows: grouped(rows), rate: grouped(rate(rows)) }),
    end() {
      bar.update(length)
      bar.stop()
    },
  }
}

function linesOf(label: string, length: number, note: (text: string) => void): Step {
  const rate = rateSince()
  let lastRows = 0
  let lastLineAt = performance.now()
  return {
    update(done, rows) {
      lastRows = rows
      if (performance.now() - lastLineAt < lineInterval) return
      lastLineAt = performance.now()
      const share = Math.floor((100 * done) / Math.max(length, 1))
      note(`${label}: ${counted(rows, 'row')}, ${share} %, ${grouped(rate(rows))} rows/s`)
    },
    end: () => note(`${label}: ${counted(lastRows, 'row')}, ${grouped(rate(lastRows))} rows/s`),
  }
}

/** Rows per second from now on. */
function rateSince(): (rows: number) => number {
  const start = performance.now()
  return (rows) => Math.round(rows / Math.max((performance.now() - start) / 1000, 0.001))
}
