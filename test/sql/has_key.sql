-- has_key
-- reads no table
select exists (
  select from shopboard.keys where revoked_at is null and coalesce(expires_at, 'infinity') > now()
) as "isThere"
