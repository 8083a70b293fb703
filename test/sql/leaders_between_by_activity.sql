-- leaders_between_by_activity
-- reads users, posts, comments
with asked as materialized (
  select coalesce($1::date, '-infinity') as since, coalesce($2::date, 'infinity') as until
),
pending as materialized (
  select user_id, cohort, posts, comments from "rollup"."pending_user_totals" as totals
),
pending_days as materialized (
  select user_id, sum(posts) as posts, sum(comments) as comments from "rollup"."pending_user_days" as days
  where day >= (select since from asked) and day < (select until from asked) group by user_id
),
first as materialized (
  select user_id from (
    (
      select user_id, posts, comments from "rollup"."user_totals" as folded
      where cohort is not null and (posts + comments) > 0 and user_id not in (select user_id from pending) and (posts + comments) > 0
      order by (posts + comments) desc, user_id limit 200
    )
    union all
    select user_id, posts, comments from pending where cohort is not null and (posts + comments) > 0
  ) as best
  order by (posts + comments) desc, user_id limit 2 * $3::integer
),
first_sums as materialized (
  select user_id, coalesce(sum(posts), 0)::bigint as posts, coalesce(sum(comments), 0)::bigint as comments
  from (
    select candidate.user_id, folded.posts, folded.comments from first as candidate, lateral (
      select sum(posts) as posts, sum(comments) as comments from "rollup"."user_days" as days
      where days.user_id = candidate.user_id and day >= (select since from asked) and day < (select until from asked) offset 0
    ) as folded
    union all
    select user_id, posts, comments from pending_days where user_id in (select user_id from first)
  ) as parts group by user_id
),
second as materialized (
  select user_id from (
    (
      select user_id, posts, comments from "rollup"."user_totals" as folded
      where cohort is not null and (posts + comments) > 0 and user_id not in (select user_id from pending) and (posts + comments) >= (
        select coalesce(max(score) filter (where rank = $3::integer), 1)
        from (
          select greatest((posts + comments), 1) as score, row_number() over (order by (posts + comments) desc) as rank from first_sums
        ) as ranked
      ) and user_id not in (select user_id from first)
      order by (posts + comments) desc, user_id limit 2000
    )
    union all
    select user_id, posts, comments from pending where cohort is not null and (posts + comments) >= (
      select coalesce(max(score) filter (where rank = $3::integer), 1)
      from (
        select greatest((posts + comments), 1) as score, row_number() over (order by (posts + comments) desc) as rank from first_sums
      ) as ranked
    ) and user_id not in (select user_id from first)
  ) as best
  order by (posts + comments) desc, user_id limit 20 * $3::integer
),
second_sums as materialized (select * from first_sums union all
  select user_id, coalesce(sum(posts), 0)::bigint as posts, coalesce(sum(comments), 0)::bigint as comments
  from (
    select candidate.user_id, folded.posts, folded.comments from second as candidate, lateral (
      select sum(posts) as posts, sum(comments) as comments from "rollup"."user_days" as days
      where days.user_id = candidate.user_id and day >= (select since from asked) and day < (select until from asked) offset 0
    ) as folded
    union all
    select user_id, posts, comments from pending_days where user_id in (select user_id from second)
  ) as parts group by user_id
),
third as materialized (
  select user_id from (
    (
      select user_id, posts, comments from "rollup"."user_totals" as folded
      where cohort is not null and (posts + comments) > 0 and user_id not in (select user_id from pending) and (posts + comments) >= (
        select coalesce(max(score) filter (where rank = $3::integer), 1)
        from (
          select greatest((posts + comments), 1) as score, row_number() over (order by (posts + comments) desc) as rank from second_sums
        ) as ranked
      ) and user_id not in (select user_id from second_sums)
      order by (posts + comments) desc, user_id limit 5001
    )
    union all
    select user_id, posts, comments from pending where cohort is not null and (posts + comments) >= (
      select coalesce(max(score) filter (where rank = $3::integer), 1)
      from (
        select greatest((posts + comments), 1) as score, row_number() over (order by (posts + comments) desc) as rank from second_sums
      ) as ranked
    ) and user_id not in (select user_id from second_sums)
  ) as best
),
way as materialized (
  select case
    when (select coalesce(sum(daily), 0) from "rollup"."active_users" as days where day >= (select since from asked) and day < (select until from asked)) <= 8000 then true
    else (select count(*) from third) > 5000
  end as is_by_day
),
summed as (
  select user_id, posts, comments from second_sums where not (select is_by_day from way)
  union all
  select * from (
    select user_id, coalesce(sum(posts), 0)::bigint as posts, coalesce(sum(comments), 0)::bigint as comments
    from (
      select candidate.user_id, folded.posts, folded.comments from third as candidate, lateral (
        select sum(posts) as posts, sum(comments) as comments from "rollup"."user_days" as days
        where days.user_id = candidate.user_id and day >= (select since from asked) and day < (select until from asked) offset 0
      ) as folded
      union all
      select user_id, posts, comments from pending_days where user_id in (select user_id from third)
    ) as parts group by user_id
  ) as third_sums where not (select is_by_day from way)
  union all
  select user_id, sum(posts)::bigint, sum(comments)::bigint
  from (
    select user_id, posts, comments from "rollup"."user_days" as days where day >= (select since from asked) and day < (select until from asked)
    union all
    select user_id, posts, comments from pending_days
  ) as by_day
  where (select is_by_day from way) group by user_id
)
select json_build_object('asOf', to_char(now() at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'), 'items', coalesce(json_agg(json_build_object(
  'user', json_build_object('id', user_id, 'username', username), 'posts', posts, 'comments', comments
) order by (posts + comments) desc, user_id), '[]'))::text as body
from (
  select user_id, username, posts, comments
  from (select user_id, posts, comments from summed where (posts + comments) > 0 order by (posts + comments) desc, user_id offset 0) as ranked, lateral (
    select username from "users" where id = user_id and deleted_at is null offset 0
  ) as named
  order by (posts + comments) desc, user_id limit $3::integer
) as top
