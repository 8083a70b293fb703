-- owned_rows
-- reads users, posts, comments, sessions
select (
  (select count(*) from "posts" where "posts"."author_id" = $1::bigint)
  + (select count(*) from "comments" where "comments"."author_id" = $1::bigint)
  + (select count(*) from "sessions" where "sessions"."user_id" = $1::bigint)
)::integer as n from "users" where "users"."id" = $1::bigint and "users"."erased_at" is not null
