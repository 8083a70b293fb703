-- free_posts
-- reads no table
with batch as materialized (
  select "posts"."id" as id, "posts"."deleted_at" is null as is_live, "posts"."created_at" as created_at from "posts"
  where "posts"."author_id" = $1::bigint
    and (("posts"."deleted_at" is null), "posts"."created_at", "posts"."id") > ($2::boolean, $3::timestamptz, $4::bigint)
  order by ("posts"."deleted_at" is null), "posts"."created_at", "posts"."id" limit $5::integer for no key update skip locked
), freed as (
  update "posts" set author_id = null from batch where "posts"."id" = batch.id
), scrubbed as (
  update shopboard.audit_log as log set old = log.old - 'authorId', new = log.new - 'authorId'
  from batch where log.table_name = 'posts' and log.row_id = batch.id
)
  select (select count(*)::integer from batch) as n, last.is_live as "isLive", last.created_at::text as at, last.id::text as id
  from (values (1)) as one left join (select * from batch order by is_live desc, created_at desc, id desc limit 1) as last on true
