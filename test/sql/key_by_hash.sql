-- key_by_hash
-- reads no table
select id::float8, to_json(scopes) as scopes, revoked_at is not null as "isRevoked",
  (1000 * extract(epoch from expires_at - clock_timestamp()))::float8 as "timeLeft",
  (1000 * extract(epoch from clock_timestamp() - last_used_at))::float8 as "sinceUse"
from shopboard.keys where hash = decode($1, 'hex')
