-- verify_segments
-- reads posts, comments, users, sessions
select 'segments' as rollup,
  count(*) as entries,
  count(*) filter (where differs) as drift,
  to_json(coalesce((array_agg(key || ': ' || coalesce(stored, 'nothing') || ', recounted ' || coalesce(expected, 'nothing'))
    filter (where differs))[:3], '{}')) as examples
from (
  select key, s.value as stored, e.value as expected, s.value is distinct from e.value as differs
  from (select concat_ws(' ', kind, created_at, id) as key, (n + coalesce(pending, 0))::text as value
    from rollup.segments as s left join (
      select segment.kind, segment.bucket, segment.created_at, segment.id, sum(p.n) as pending
      from rollup.pending_crowds as p, lateral (
        select * from rollup.segments as near
        where near.kind = p.kind and near.bucket = rollup.quarter(p.created_at)
          and (near.created_at, near.id) <= (p.created_at, p.id)
        order by near.created_at desc, near.id desc limit 1
      ) as segment group by 1, 2, 3, 4
    ) as added using (kind, bucket, created_at, id)) as s (key, value)
    full join (select concat_ws(' ', s.kind, s.created_at, s.id), count(rows.*)::text
      from rollup.segments as s left join (
        select segment.* from (
          select kind, id, created_at from (
            select 0 as kind, "posts"."id" as id, "posts"."created_at" as created_at, "posts"."author_id" as user_id
            from "posts" where "posts"."deleted_at" is null
            union all
            select 1 as kind, "comments"."id" as id, "comments"."created_at" as created_at, "comments"."author_id" as user_id
            from "comments" where "comments"."deleted_at" is null
            union all
            select 2 as kind, "users"."id" as id, "users"."created_at" as created_at, null as user_id
            from "users" where "users"."deleted_at" is null
            union all
            select 3 as kind, "sessions"."id" as id, "sessions"."created_at" as created_at, "sessions"."user_id" as user_id
            from "sessions" where "sessions"."deleted_at" is null
          ) as live
          union all
          select crowd, "users"."id", "users"."created_at"
          from "users", unnest(rollup.crowds_of(2::smallint, rollup.flags_of("users"."is_active", "users"."is_admin"))) as crowd
          where "users"."deleted_at" is null and crowd <> 2
        ) as live, lateral (
          select * from rollup.segments as near
          where near.kind = live.kind and near.bucket = rollup.quarter(live.created_at)
            and (near.created_at, near.id) <= (live.created_at, live.id)
          order by near.created_at desc, near.id desc limit 1
        ) as segment
      ) as rows using (kind, bucket, created_at, id)
      group by s.kind, s.created_at, s.id) as e (key, value) using (key)
) as compared
