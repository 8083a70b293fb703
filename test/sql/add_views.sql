-- add_views
-- reads no table
insert into "post_views" (post_id, n)
select "posts"."id", viewed.n
from unnest($1::bigint[], $2::bigint[]) as viewed (id, n) join "posts" on "posts"."id" = viewed.id
order by "posts"."id"
on conflict (post_id) do update set n = "post_views"."n" + excluded.n
