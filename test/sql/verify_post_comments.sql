-- verify_post_comments
-- reads comments
select 'post_comments' as rollup,
  count(*) as entries,
  count(*) filter (where differs) as drift,
  to_json(coalesce((array_agg(key || ': ' || coalesce(stored, 'nothing') || ', recounted ' || coalesce(expected, 'nothing'))
    filter (where differs))[:3], '{}')) as examples
from (
  select key, s.value as stored, e.value as expected, s.value is distinct from e.value as differs
  from (select post_id::text as key, sum(n)::text as value
    from (
      select post_id, n from rollup.post_comments
      union all
      select post_id, n from rollup.pending_post_comments
    ) as both_parts
    group by post_id having sum(n) <> 0) as s (key, value)
    full join (select "comments"."post_id"::text, count(*)::text from "comments" where "comments"."deleted_at" is null group by 1) as e (key, value) using (key)
) as compared
