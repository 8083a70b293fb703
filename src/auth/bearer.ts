import { invalidToken, unauthenticated } from '../errors/error.ts'

/** Characters: a JSON Web Token may be long. */
const longest = 8192
const credentials = /^bearer +([\w.~+/-]+=*)$/i

/**
 * The token of an `Authorization` header, its only place. Two such headers arrive as one with a comma, which no token has.
 * https://www.rfc-editor.org/rfc/rfc6750#section-2.1
 * @throws AppError unauthenticated where there is none
 */
export function tokenOf(authorization: string | undefined): string {
  if (authorization === undefined || authorization === '') throw unauthenticated()
  const token = authorization.length > longest ? undefined : credentials.exec(authorization)?.[1]
  if (token !== undefined) return token
  throw /^bearer\b/i.test(authorization.slice(0, longest))
    ? invalidToken('The header is not Authorization: Bearer and one key.')
    : unauthenticated()
}
