-- verify_post_comments
-- reads posts, comments
select 'post_comments' as rollup,
  count(*) as entries,
  count(*) filter (where differs) as drift,
  to_json(coalesce((array_agg(key || ': ' || coalesce(stored, 'nothing') || ', recounted ' || coalesce(expected, 'nothing'))
    filter (where differs))[:3], '{}')) as examples
from (
  select key, s.value as stored, e.value as expected, s.value is distinct from e.value as differs
  from (select post_id::text as key, sum(n) || case sum(lives) when 1 then ' on a live post' else '' end as value
    from rollup.current_post_comments group by post_id having (sum(n), sum(lives)) <> (0, 0)) as s (key, value)
    full join (select post_id::text, coalesce(n, 0) || case when is_live then ' on a live post' else '' end
      from (select "posts"."id" as post_id, true as is_live from "posts" where "posts"."deleted_at" is null) as live full join (
        select "comments"."post_id" as post_id, count(*) as n from "comments" where "comments"."deleted_at" is null group by 1
      ) as discussed using (post_id)) as e (key, value) using (key)
) as compared
