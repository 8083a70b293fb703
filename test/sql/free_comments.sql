-- free_comments
-- reads no table
with batch as materialized (
  select "comments"."id" as id, "comments"."deleted_at" is null as is_live, "comments"."created_at" as created_at from "comments"
  where "comments"."author_id" = $1::bigint
    and (("comments"."deleted_at" is null), "comments"."created_at", "comments"."id") > ($2::boolean, $3::timestamptz, $4::bigint)
  order by ("comments"."deleted_at" is null), "comments"."created_at", "comments"."id" limit $5::integer for no key update skip locked
), freed as (
  update "comments" set author_id = null from batch where "comments"."id" = batch.id
), scrubbed as (
  update shopboard.audit_log as log set old = log.old - 'authorId', new = log.new - 'authorId'
  from batch where log.table_name = 'comments' and log.row_id = batch.id
)
  select (select count(*)::integer from batch) as n, last.is_live as "isLive", last.created_at::text as at, last.id::text as id
  from (values (1)) as one left join (select * from batch order by is_live desc, created_at desc, id desc limit 1) as last on true
