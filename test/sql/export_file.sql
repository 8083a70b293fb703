-- export_file
-- reads no table
select resource, format, is_compressed as "isCompressed", file, expires_at <= now() as "isExpired"
from shopboard.exports
where id = $1::bigint and (exports.actor = $2::text or $3::boolean)
