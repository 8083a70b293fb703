-- leaders_by_posts
-- reads users, posts, comments
with pending as materialized (
  select user_id, cohort, posts, comments from "rollup"."pending_user_totals" as totals
),
best as (
  (
    select user_id, posts, comments from "rollup"."user_totals" as folded
    where cohort is not null and posts > 0 and user_id not in (select user_id from pending) and posts > 0
    order by posts desc, user_id limit 100
  )
  union all
  select user_id, posts, comments from pending where cohort is not null and posts > 0
)
select json_build_object('asOf', to_char(now() at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'), 'items', coalesce(json_agg(json_build_object(
  'user', json_build_object('id', user_id, 'username', username), 'posts', posts, 'comments', comments
) order by posts desc, user_id), '[]'))::text as body
from (
  select user_id, username, posts, comments
  from (select user_id, posts, comments from best order by posts desc, user_id offset 0) as ranked, lateral (
    select username from "users" where id = user_id and deleted_at is null offset 0
  ) as named
  order by posts desc, user_id limit $1::integer
) as top
