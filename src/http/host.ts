import { isLoopbackHost } from '../variables.ts'

/** The names a server answers to; undefined for any. */
export type HostNames = ReadonlySet<string> | undefined

const loopback = ['localhost', '127.0.0.1', '[::1]']

/**
 * On a loopback address only its names and those allowed: a web page on a name that its owner points to 127.0.0.1
 * could read everything otherwise (DNS rebinding). Elsewhere those allowed, or any name.
 */
export function hostNames(host: string, allowed: readonly string[] | undefined): HostNames {
  if (!isLoopbackHost(host)) return allowed && new Set(allowed)
  return new Set([
    ...loopback,
    host.includes(':') ? `[${host}]` : host.toLowerCase(),
    ...(allowed ?? []),
  ])
}

/** Whether a `Host` header names the server, whatever its port. HTTP/1.0 may have none. */
export const isOurs = (names: HostNames, header: string | undefined): boolean =>
  names === undefined ||
  header === undefined ||
  names.has(header) ||
  names.has(header.replace(/:\d*$/, '').toLowerCase())
