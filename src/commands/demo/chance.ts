/**
 * All the randomness there is, as a SQL function of the session: `pg_temp.chance(row_number, purpose)` is a number
 * in [0, 1) that follows from the seed, a row and a purpose.
 */
export const chanceFunction = (seed: number): string => `
  create function pg_temp.chance(row_number bigint, purpose bigint) returns float8
  language sql immutable parallel safe
  return (hashint8extended(row_number, purpose # hashint8extended(${seed}, 0)) & 9007199254740991)::float8 / 9007199254740992;`
