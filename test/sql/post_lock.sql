-- post_lock
-- reads no table
with queued as materialized (select pg_advisory_xact_lock(hashtextextended('shopboard.post', $1::bigint)))
  select "posts"."id" from queued, "posts" where "posts"."id" = $1::bigint for no key update of "posts"
