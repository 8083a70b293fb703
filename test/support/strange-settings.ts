/** Defaults that somebody may have given a role or a database, and that every connection has to stand. */
export const strangeSettings: readonly string[] = [
  'search_path = nowhere',
  "TimeZone = 'Asia/Kathmandu'",
  "DateStyle = 'SQL, DMY'",
  "IntervalStyle = 'iso_8601'",
  'default_transaction_isolation = serializable',
  'default_transaction_deferrable = on',
  // what sets it anew has to end within it, on a busy machine too
  'statement_timeout = 1000',
  'lock_timeout = 1',
  'idle_in_transaction_session_timeout = 1',
  'extra_float_digits = -15',
  'standard_conforming_strings = off',
]
