/** The trace a request belongs to, as its caller names it. */
export type Trace = {
  /** 32 hexadecimal digits. */
  readonly traceId: string
  /** Of the caller's span: 16 hexadecimal digits. */
  readonly parentId: string
}

const form = /^(?!ff)[\da-f]{2}-(?!0{32})([\da-f]{32})-(?!0{16})([\da-f]{16})-[\da-f]{2}(-.*)?$/

/**
 * The trace that a `traceparent` header names; undefined where it names none.
 * https://www.w3.org/TR/trace-context/#traceparent-header
 */
export function traceOf(traceparent: string | undefined): Trace | undefined {
  if (traceparent === undefined) return undefined
  const [, traceId, parentId, more] = form.exec(traceparent) ?? []
  if (traceId === undefined || parentId === undefined) return undefined
  // version 00 has these four parts and no more
  return more !== undefined && traceparent.startsWith('00') ? undefined : { traceId, parentId }
}
