-- scrub_log
-- reads no table
with batch as materialized (
  select at, id from shopboard.audit_log
  where table_name = 'users' and row_id = $1::bigint and (at, id) > ($2::timestamptz, $3::bigint)
  order by at, id limit $4::integer
), scrubbed as (
  update shopboard.audit_log as log set old = null, new = null
  from batch where log.at = batch.at and log.id = batch.id and (log.old is not null or log.new is not null)
)
  select (select count(*)::integer from batch) as n, true as "isLive", last.at::text as at, last.id::text as id
  from (values (1)) as one left join (select * from batch order by at desc, id desc limit 1) as last on true
