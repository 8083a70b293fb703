-- note_key_use
-- reads no table
update shopboard.keys set last_used_at = now()
where id = (
  select id from shopboard.keys
  where id = $1::bigint and revoked_at is null and coalesce(last_used_at, '-infinity') < now() - interval '1 minute'
  for no key update skip locked
)
