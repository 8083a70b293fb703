/**
 * What every answer tells a browser: to take it for what it says it is, to run nothing of it, to show it in no frame, to give it to
 * pages of other origins by CORS alone, and to tell no other site where it came from. A page has a policy of its own.
 * https://cheatsheetseries.owasp.org/cheatsheets/REST_Security_Cheat_Sheet.html#security-headers
 */
export const secureHeaders: Readonly<Record<string, string>> = {
  'X-Content-Type-Options': 'nosniff',
  'Content-Security-Policy': "default-src 'none'; frame-ancestors 'none'",
  'X-Frame-Options': 'DENY',
  'Cross-Origin-Resource-Policy': 'same-origin',
  'Referrer-Policy': 'no-referrer',
}

/** For a server that is reached over TLS alone: browsers never try it without for so many `seconds`. */
export const strictTransport = (seconds: number | undefined) =>
  seconds === undefined ? undefined : { 'Strict-Transport-Security': `max-age=${seconds}` }
