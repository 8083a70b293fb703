-- delete_erased
-- reads no table
with deleted as (
  delete from "users" where "users"."id" = $1::bigint and "users"."erased_at" is not null
    and not exists (select from "posts" where "posts"."author_id" = $1::bigint)
    and not exists (select from "comments" where "comments"."author_id" = $1::bigint)
    and not exists (select from "sessions" where "sessions"."user_id" = $1::bigint)
  returning "users"."id"
)
select exists (select from deleted) or not exists (select from "users" where "users"."id" = $1::bigint) as "isGone"
