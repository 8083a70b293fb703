import type { WriteStream } from 'node:tty'
import { SingleBar } from 'cli-progress'
import type { Report, Step } from './import/import.ts'

/** Where a command writes; a terminal gets bars, anything else plain lines. */
export type Terminal = Pick<WriteStream, 'write'> & { readonly isTTY?: boolean }

/** How long a step may be silent on a plain output (ms). */
const silence = 10_000

/** Bars on a terminal, else a line at the end of every step and every ten seconds of a long one. */
export function progressOn(terminal: Terminal): Report {
  const note = (text: string) => void terminal.write(`${text}\n`)
  return {
    note,
    step: (label, length) => (terminal.isTTY ? barOf(label, length) : linesOf(label, length, note)),
  }
}

/** A number of rows as people read it: 1,234,567. */
export const grouped = (rows: number): string => rows.toLocaleString('en-US')

function barOf(label: string, length: number): Step {
  const bar = new SingleBar({
    format: `${label.padEnd(18)} {bar} {percentage}% | {rows} rows | {rate} rows/s | ETA {eta_formatted}`,
    etaBuffer: 50,
    hideCursor: null,
    linewrap: null,
  })
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
  let spokenAt = performance.now()
  return {
    update(done, rows) {
      lastRows = rows
      if (performance.now() - spokenAt < silence) return
      spokenAt = performance.now()
      const share = Math.floor((100 * done) / Math.max(length, 1))
      note(`${label}: ${grouped(rows)} rows, ${share} %, ${grouped(rate(rows))} rows/s`)
    },
    end: () => note(`${label}: ${grouped(lastRows)} rows, ${grouped(rate(lastRows))} rows/s`),
  }
}

/** Rows per second from now on. */
function rateSince(): (rows: number) => number {
  const start = performance.now()
  return (rows) => Math.round(rows / Math.max((performance.now() - start) / 1000, 0.001))
}
