-- user_scrub
-- reads no table
update shopboard.audit_log as log set old = null, new = null
from (
  select at, id from shopboard.audit_log where table_name = 'users' and row_id = $1::bigint
  order by at desc, id desc limit 20000
) as newest
where log.at = newest.at and log.id = newest.id
