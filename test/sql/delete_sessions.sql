-- delete_sessions
-- reads no table
with batch as materialized (
  select "sessions"."id" as id, "sessions"."deleted_at" is null as is_live, "sessions"."created_at" as created_at from "sessions"
  where "sessions"."user_id" = $1::bigint
    and (("sessions"."deleted_at" is null), "sessions"."created_at", "sessions"."id") > ($2::boolean, $3::timestamptz, $4::bigint)
  order by ("sessions"."deleted_at" is null), "sessions"."created_at", "sessions"."id" limit $5::integer for no key update skip locked
), freed as (
  delete from "sessions" using batch where "sessions"."id" = batch.id
), scrubbed as (
  update shopboard.audit_log as log set old = null, new = null
  from batch where log.table_name = 'sessions' and log.row_id = batch.id
)
  select (select count(*)::integer from batch) as n, last.is_live as "isLive", last.created_at::text as at, last.id::text as id
  from (values (1)) as one left join (select * from batch order by is_live desc, created_at desc, id desc limit 1) as last on true
