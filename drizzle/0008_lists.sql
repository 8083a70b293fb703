-- Every lock that this migration and the next two need, before any work: a try that does not get them has cost nobody much. From here
-- to the commit writers wait, and readers do. Asked for in passing at first: who queues behind a lock holds others, in a circle.
do $$
declare
  until timestamptz := clock_timestamp() + current_setting('lock_timeout')::interval;
begin
  loop
    begin
      lock table rollup.folding in exclusive mode nowait;
      lock table public.users, public.posts, public.comments, public.sessions, rollup.deltas in access exclusive mode nowait;
      return;
    exception when lock_not_available then
      exit when clock_timestamp() >= until;
    end;
    perform pg_sleep(0.002);
  end loop;
  lock table rollup.folding in exclusive mode;
  lock table public.users, public.posts, public.comments, public.sessions, rollup.deltas in access exclusive mode;
end $$;
--> statement-breakpoint
-- Indexes of the lists: what is deleted costs none of them a walk. They may have been built before, by create index concurrently.
CREATE INDEX IF NOT EXISTS "comments_post_feed" ON "comments" USING btree ("post_id",("deleted_at" is null),"created_at","id","deleted_at");
--> statement-breakpoint
CREATE INDEX IF NOT EXISTS "comments_author_feed" ON "comments" USING btree ("author_id",("deleted_at" is null),"created_at","id","deleted_at");
--> statement-breakpoint
CREATE INDEX IF NOT EXISTS "posts_author_feed" ON "posts" USING btree ("author_id",("deleted_at" is null),"created_at","id","deleted_at");
--> statement-breakpoint
CREATE INDEX IF NOT EXISTS "sessions_user_feed" ON "sessions" USING btree ("user_id",("deleted_at" is null),"created_at","id","deleted_at");
--> statement-breakpoint
CREATE INDEX IF NOT EXISTS "sessions_user_by_last_seen_at" ON "sessions" USING btree ("user_id","last_seen_at","id") WHERE "sessions"."deleted_at" is null;
--> statement-breakpoint
CREATE INDEX IF NOT EXISTS "sessions_by_last_seen_at" ON "sessions" USING btree ("last_seen_at","id") WHERE "sessions"."deleted_at" is null;
--> statement-breakpoint
CREATE INDEX IF NOT EXISTS "users_by_created_at" ON "users" USING btree ("is_active","is_admin","created_at","id") WHERE "users"."deleted_at" is null;
--> statement-breakpoint
CREATE INDEX IF NOT EXISTS "users_by_username" ON "users" USING btree ("is_active","is_admin",lower("username"),"id","username") WHERE "users"."deleted_at" is null;
--> statement-breakpoint
CREATE INDEX IF NOT EXISTS "users_by_last_seen_at" ON "users" USING btree ("is_active","is_admin",coalesce("last_seen_at", '-infinity'),"id","last_seen_at") WHERE "users"."deleted_at" is null;
--> statement-breakpoint
-- A row for every live post too, with n = 0 where nobody commented: the most and the least discussed are found by index. Folds
-- stand still meanwhile; what is pending is not counted here. Written anew, so that it stands dense.
lock table rollup.folding in exclusive mode;
lock table public.posts in access share mode;
alter table rollup.post_comments add column is_live boolean not null default false;
do $$
declare
  found_path text := current_setting('search_path');
begin
  perform set_config('search_path', 'pg_catalog, pg_temp', true);
  create temp table folded_posts on commit drop as
  with changed as materialized (
    select id, sum(n) as n from rollup.pending where kind = 0 group by id having sum(n) <> 0
  ),
  live as (
    select id as post_id from public.posts where deleted_at is null and id not in (select id from changed where n > 0)
    union all
    select id from changed where n < 0
  )
  select post_id, coalesce(c.n, 0) as n, l.post_id is not null as is_live
  from live as l full join rollup.post_comments as c using (post_id)
  where l.post_id is not null or c.n <> 0;
  truncate rollup.post_comments;
  insert into rollup.post_comments (post_id, n, is_live) select post_id, n, is_live from pg_temp.folded_posts order by post_id;
  drop table pg_temp.folded_posts;
  perform set_config('search_path', found_path, true);
end $$;
create index post_comments_live on rollup.post_comments (n, post_id) where is_live;
analyze rollup.post_comments;
--> statement-breakpoint
-- Users are of four classes: 0, 1 inactive, 2 an admin, 3 both. Their deltas say which; those of other kinds leave it null. From here to
-- the commit writers wait.
lock table rollup.deltas in access exclusive mode;
lock table public.users in share row exclusive mode;
alter table rollup.deltas add column flags smallint;
alter table rollup.counts
  add column inactive bigint not null default 0,
  add column admins bigint not null default 0,
  add column inactive_admins bigint not null default 0;

create function rollup.flags_of(is_active boolean, is_admin boolean) returns smallint
language sql immutable parallel safe
return case when is_active then 0 else 1 end + case when is_admin then 2 else 0 end;

grant execute on function rollup.flags_of(boolean, boolean) to public;

create or replace view rollup.pending as
select xid, created_at, id, user_id, post_id, kind, n, flags from rollup.deltas
where xid >= coalesce((select seen_below from rollup.valid_mark), '0')
union all
select d.xid, created_at, id, user_id, post_id, kind, n, flags
from unnest((select except_for from rollup.valid_mark)) as x, lateral (select * from rollup.deltas d where d.xid = x offset 0) as d;

create or replace view rollup.pending_counts as
select kind, rollup.quarter(created_at) as bucket, n::bigint as n, coalesce(flags, 0)::smallint as flags from rollup.pending where n <> 0;

create or replace view rollup.current_buckets as
select span, bucket, posts, comments, signups, sessions, inactive, admins, inactive_admins from rollup.counts
union all
select
  span, date_trunc(case span when 'quarter' then 'minute' else span::text end, bucket, 'UTC'),
  case kind when 0 then n else 0 end,
  case kind when 1 then n else 0 end,
  case kind when 2 then n else 0 end,
  case kind when 3 then n else 0 end,
  case when flags in (1, 3) then n else 0 end,
  case when flags in (2, 3) then n else 0 end,
  case when flags = 3 then n else 0 end
from rollup.pending_counts, unnest(enum_range(null::rollup.span)) as span;

-- What is not folded yet: `n` more comments on a post, and `lives` more of it (1 made or restored, -1 deleted).
create or replace view rollup.pending_post_comments as
select post_id, n::bigint as n, 0::bigint as lives from rollup.pending where kind = 1 and n <> 0
union all
select id, 0, n from rollup.pending where kind = 0 and n <> 0;

-- Comments of a post, and whether it is live (`lives` = 1). A post may stand in several rows: sum them.
create view rollup.current_post_comments as
select post_id, n, is_live::integer::bigint as lives from rollup.post_comments
union all
select post_id, n, lives from rollup.pending_post_comments;
--> statement-breakpoint
-- Crowds of users are cut for every pair of flags, too: their segments are of the kinds 4 to 11. A flag that is null takes both.
create function rollup.user_crowd(is_active boolean, is_admin boolean) returns smallint
language sql immutable parallel safe
return case when is_active is null and is_admin is null then 2
  else 3 + case when is_active then 3 when not is_active then 6 else 0 end + case when is_admin then 1 when not is_admin then 2 else 0 end
end;

-- The kinds of crowd that a row is of.
create function rollup.crowds_of(kind smallint, flags smallint) returns smallint[]
language sql immutable parallel safe
return case when kind <> 2 then array[kind] else
  case coalesce(flags, 0) when 0 then '{2,5,6,8}' when 1 then '{2,5,9,11}' when 2 then '{2,4,6,7}' else '{2,4,9,10}' end::smallint[]
end;
grant execute on function rollup.user_crowd(boolean, boolean), rollup.crowds_of(smallint, smallint) to public;

-- Live rows in each quarter-hour, as far as folded, by kind of crowd.
create view rollup.crowd_counts as
select bucket, k.kind::smallint as kind, k.n
from rollup.counts, lateral (values
  (0, posts), (1, comments), (2, signups), (3, sessions),
  (4, admins), (5, signups - admins),
  (6, signups - inactive), (7, admins - inactive_admins), (8, signups - inactive - admins + inactive_admins),
  (9, inactive), (10, inactive_admins), (11, inactive - inactive_admins)
) as k (kind, n)
where span = 'quarter';

create view rollup.pending_crowds as
select crowd as kind, created_at, id, n
from rollup.pending, lateral unnest(rollup.crowds_of(kind, flags)) as crowd where n <> 0;
--> statement-breakpoint
-- A change of class moves a user. As ever: names and operators in full, for there is no search path.
do $$
declare
  e record;
  class text := 'case when %1$s.is_active then case when %1$s.is_admin then 2 else 0 end when %1$s.is_admin then 3 else 1 end';
  was text := format('2, case when old.deleted_at is null then -1 else 0 end, old.created_at, old.id, ' || class, 'old');
  is_now text := format('2, case when new.deleted_at is null then 1 else 0 end, new.created_at, new.id, ' || class, 'new');
  moved text := '(old.created_at, old.id, old.is_active, old.is_admin, old.deleted_at is null)
    is distinct from (new.created_at, new.id, new.is_active, new.is_admin, new.deleted_at is null)';
begin
  for e in
    select * from (values
      ('insert', format('values (%s)', is_now)),
      ('delete', format('values (%s)', was)),
      ('update', format('values (%s), (%s)', was, is_now))
    ) as e (name, deltas)
  loop
    execute format($sql$
      create or replace function rollup.users_%1$s() returns trigger language plpgsql security definer as $body$
begin
  if tg_relid operator(pg_catalog.<>) 'public.users'::pg_catalog.regclass then
    raise insufficient_privilege using message = 'rollup.users_%1$s belongs to public.users';
  end if;
  insert into rollup.deltas (kind, n, created_at, id, flags) %2$s;
  return null;
end $body$
    $sql$, e.name, e.deltas);
  end loop;

  create or replace function rollup.users_truncate() returns trigger language plpgsql security definer set search_path = pg_catalog, pg_temp as $body$
begin
  if tg_relid <> 'public.users'::regclass then
    raise insufficient_privilege using message = 'rollup.users_truncate belongs to public.users';
  elsif current_setting('transaction_isolation') <> 'read committed' then
    raise feature_not_supported using message = 'truncate users needs isolation level read committed';
  end if;
  insert into rollup.deltas (kind, n, created_at, id) values (2, 0, now(), 0);
  insert into rollup.deltas (kind, n, created_at, id, flags)
  select 2, -1, created_at, id, rollup.flags_of(is_active, is_admin) from only public.users where deleted_at is null;
  return null;
end $body$;

  execute format($sql$
    create or replace trigger rollup_update after update on public.users for each row when (%1$s) execute function rollup.users_update();
    create or replace trigger rollup_touch after update on public.users for each row when (not (%1$s)) execute function rollup.users_touch();
    alter table public.users enable always trigger rollup_update, enable always trigger rollup_touch;
  $sql$, moved);
end $$;
delete from rollup.installed where relation = 'users';
insert into rollup.installed select relation, name, definition, source, enabled from rollup.triggers where relation = 'users';
--> statement-breakpoint
-- As before, and: the classes of users; posts, with the number of their comments, for as long as they are live or have any.
create or replace function rollup.fold() returns bigint
language plpgsql security definer set search_path = pg_catalog, pg_temp set enable_seqscan = 'off' set jit = 'off'
as $$
declare
  folded bigint;
  crowded timestamptz[];
begin
  begin
    lock table rollup.folding in exclusive mode nowait;
  exception when lock_not_available then
    return 0;
  end;

  with taken as (
    delete from rollup.deltas
    where xid >= coalesce((select seen_below from rollup.valid_mark), '0')
      or xid = any ((select except_for from rollup.valid_mark)::xid8[])
    returning created_at, id, user_id, post_id, kind, n, flags
  ),
  counted as (
    insert into rollup.counts as c (span, bucket, posts, comments, signups, sessions, inactive, admins, inactive_admins)
    select span, date_trunc(case span when 'quarter' then 'minute' else span::text end, bucket, 'UTC'),
      coalesce(sum(n) filter (where kind = 0), 0),
      coalesce(sum(n) filter (where kind = 1), 0),
      coalesce(sum(n) filter (where kind = 2), 0),
      coalesce(sum(n) filter (where kind = 3), 0),
      coalesce(sum(n) filter (where flags in (1, 3)), 0),
      coalesce(sum(n) filter (where flags in (2, 3)), 0),
      coalesce(sum(n) filter (where flags = 3), 0)
    from (
      select rollup.quarter(created_at) as bucket, kind, flags, sum(n) as n from taken group by 1, 2, 3 having sum(n) <> 0
    ) as quarters, unnest(enum_range(null::rollup.span)) as span
    group by 1, 2
    order by 1, 2
    on conflict (span, bucket) do update set
      posts = c.posts + excluded.posts,
      comments = c.comments + excluded.comments,
      signups = c.signups + excluded.signups,
      sessions = c.sessions + excluded.sessions,
      inactive = c.inactive + excluded.inactive,
      admins = c.admins + excluded.admins,
      inactive_admins = c.inactive_admins + excluded.inactive_admins
    returning span, bucket, greatest(posts, comments, signups, sessions) as most
  ),
  segmented as (
    update rollup.segments s set n = s.n + d.n
    from (
      select t.kind, s.bucket, s.created_at, s.id, sum(t.n) as n
      from (
        select kind, created_at, id, n from taken where n <> 0
        union all
        select crowd, created_at, id, n from taken, unnest(rollup.crowds_of(kind, flags)) as crowd where kind = 2 and crowd > 3 and n <> 0
      ) as t, lateral (
        select bucket, created_at, id from rollup.segments s
        where s.kind = t.kind and s.bucket = rollup.quarter(t.created_at) and (s.created_at, s.id) <= (t.created_at, t.id)
        order by s.created_at desc, s.id desc limit 1
      ) as s
      group by 1, 2, 3, 4 having sum(t.n) <> 0
    ) as d
    where (s.kind, s.bucket, s.created_at, s.id) = (d.kind, d.bucket, d.created_at, d.id)
    returning s.bucket, s.n as most
  ),
  summed as (select kind, count(*) as rows, sum(n) as n from taken group by kind),
  versioned as (
    update rollup.versions v set n = v.n + s.rows from summed s where s.kind = v.kind
  ),
  totalled as (
    update rollup.totals t set n = t.n + s.n from summed s where s.kind = t.kind and s.n <> 0
  ),
  replies as materialized (
    select r.*, p.place, coalesce(p.n, 0) + r.more = 0 and not case r.lives when 0 then coalesce(p.is_live, false) else r.lives > 0 end as is_over
    from (
      select post_id, sum(more) as more, sum(lives) as lives
      from (
        select post_id, n as more, 0 as lives from taken where kind = 1 and n <> 0
        union all
        select id, 0, n from taken where kind = 0 and n <> 0
      ) as each group by post_id having (sum(more), sum(lives)) <> (0, 0)
    ) as r left join lateral (
      select p.ctid as place, p.n, p.is_live from rollup.post_comments p where p.post_id = r.post_id offset 0
    ) as p on true
  ),
  opened as (
    insert into rollup.post_comments (post_id, n, is_live)
    select post_id, more, lives > 0 from replies where place is null order by post_id
  ),
  discussed as (
    update rollup.post_comments p set n = p.n + r.more, is_live = case r.lives when 0 then p.is_live else r.lives > 0 end
    from replies r where not r.is_over and p.ctid = r.place
  ),
  closed as (
    delete from rollup.post_comments p using replies r where r.is_over and p.ctid = r.place
  ),
  days as materialized (
    select d.*, u.place, coalesce(u.n, 0) as before, d.posts + d.comments + d.sessions + coalesce(u.n, 0) as after,
      (d.posts + coalesce(u.posts, 0), d.comments + coalesce(u.comments, 0), d.sessions + coalesce(u.sessions, 0)) = (0, 0, 0) as is_idle
    from (
      select user_id, rollup.utc_day(created_at) as day,
        (coalesce(sum(n) filter (where kind = 0), 0))::integer as posts,
        (coalesce(sum(n) filter (where kind = 1), 0))::integer as comments,
        (coalesce(sum(n) filter (where kind = 3), 0))::integer as sessions
      from taken where user_id is not null and n <> 0 group by 1, 2
    ) as d left join lateral (
      select u.ctid as place, u.posts, u.comments, u.sessions, u.posts + u.comments + u.sessions as n
      from rollup.user_days u where u.user_id = d.user_id and u.day = d.day offset 0
    ) as u on true
    where (d.posts, d.comments, d.sessions) <> (0, 0, 0)
  ),
  began as (
    insert into rollup.user_days (user_id, day, posts, comments, sessions)
    select user_id, day, posts, comments, sessions from days where place is null
    order by user_id, day
  ),
  moved as (
    update rollup.user_days u set posts = u.posts + d.posts, comments = u.comments + d.comments, sessions = u.sessions + d.sessions
    from days d where not d.is_idle and u.ctid = d.place
  ),
  ended as (
    delete from rollup.user_days u using days d where d.is_idle and u.ctid = d.place
  ),
  turned as materialized (
    select user_id, day, case when before = 0 then 1 else -1 end as turn from days where (before > 0) <> (after > 0)
  ),
  points as (
    select user_id, day, 0 as was, turn from turned
    union all
    select e.user_id, u.day, 1, 0
    from (select user_id, min(day) as low, max(day) as high from turned group by user_id) as e, lateral rollup.active_near(e.user_id, e.low, e.high) as u
  ),
  near as (select user_id, day, sum(was) = 1 as was_active, sum(was + turn) = 1 as is_active from points group by 1, 2),
  reach as (
    select day, lead(day) over (partition by user_id order by day) as next_day, 1 as n from near where is_active
    union all
    select day, lead(day) over (partition by user_id order by day), -1 from near where was_active
  ),
  gaps as (select day, least(next_day - day, 30) as gap, sum(n)::bigint as n from reach group by 1, 2 having sum(n) <> 0),
  levels as (
    select span, day, lead(day) over w as until, sum(n) over w as n
    from (
      select step.span, step.from_day as day, sum(step.more) as n
      from gaps, lateral rollup.steps(gaps.day, gaps.gap, gaps.n) as step group by 1, 2 having sum(step.more) <> 0
    ) as steps
    window w as (partition by span order by day)
  ),
  active as (
    insert into rollup.active_users as a (day, daily, weekly, monthly)
    select day + number,
      coalesce(sum(n) filter (where span = 1), 0),
      coalesce(sum(n) filter (where span = 7), 0),
      coalesce(sum(n) filter (where span = 30), 0)
    from levels, generate_series(0, until - day - 1) as number
    where n <> 0
    group by 1
    order by 1
    on conflict (day) do update set
      daily = a.daily + excluded.daily,
      weekly = a.weekly + excluded.weekly,
      monthly = a.monthly + excluded.monthly
  ),
  marked as (
    -- with nothing taken too, where reads would walk much that is dead: a fold inside a larger transaction, a rolled back import
    insert into rollup.mark select * from rollup.next_mark
    where exists (select from taken) or exists (
      select from rollup.mark where mark.one and (written_by = any (except_for)
        or pg_relation_size('rollup.deltas') > 1000000 and seen_below < pg_snapshot_xmax(pg_current_snapshot()))
    )
    on conflict (one) do update set
      seen_below = excluded.seen_below, except_for = excluded.except_for, written_by = excluded.written_by, written_to = excluded.written_to
  )
  select count(*), (
    select array_agg(bucket) from (
      select bucket from counted
      where span = 'quarter' and (most > rollup.crowd_size() or exists (select from rollup.segments s where s.bucket = counted.bucket))
      union
      -- rows may gather in a segment while as many lie in its quarter-hour as before
      select bucket from segmented where most > 2 * rollup.crowd_size()
    ) as grown
  ) into folded, crowded from taken;

  -- To a snapshot older than its truncate a table looks empty: what lies in it is left to a fold that sees it.
  if current_setting('transaction_isolation') <> 'read committed' then
    insert into rollup.undivided select unnest(crowded) on conflict do nothing;
    return folded;
  end if;
  with due as (
    delete from rollup.undivided where bucket in (select bucket from rollup.undivided limit 50) returning bucket
  )
  select array_cat(crowded, array_agg(bucket)) into crowded from due;
  if cardinality(crowded) > 0 then
    perform rollup.divide(crowded);
  end if;
  return folded;
end $$;
--> statement-breakpoint
-- As before, and: the crowds of classes.
create or replace function rollup.divide(buckets timestamptz[]) returns void
language plpgsql security definer set search_path = pg_catalog, pg_temp
as $$
declare
  crowd record;
  segment record;
  rows text;
begin
  for crowd in
    select bucket, kind, n from rollup.crowd_counts where bucket = any (buckets)
  loop
    if crowd.n <= rollup.crowd_size() then
      delete from rollup.segments s where s.kind = crowd.kind and s.bucket = crowd.bucket and crowd.n <= rollup.crowd_size() / 2;
      continue;
    end if;
    insert into rollup.segments (kind, bucket, created_at, id, n)
    select crowd.kind, crowd.bucket, crowd.bucket, -9223372036854775808, crowd.n
    where not exists (select from rollup.segments s where s.kind = crowd.kind and s.bucket = crowd.bucket);

    rows := case when crowd.kind < 4 then format('only %s where deleted_at is null', rollup.table_of(crowd.kind))
      else 'only public.users where deleted_at is null' || (array[
        ' and is_admin', ' and not is_admin',
        ' and is_active', ' and is_active and is_admin', ' and is_active and not is_admin',
        ' and not is_active', ' and not is_active and is_admin', ' and not is_active and not is_admin'
      ])[crowd.kind - 3] end;
    for segment in
      select *, lead(s.created_at, 1, s.bucket + interval '15 minutes') over w as until, lead(s.id, 1, -9223372036854775808) over w as until_id
      from rollup.segments s where s.kind = crowd.kind and s.bucket = crowd.bucket
      window w as (order by s.created_at, s.id)
    loop
      continue when segment.n <= 2 * rollup.crowd_size();
      execute format($sql$
        with cut as (
          select created_at, id, (row_number() over (order by created_at, id) - 1) / $7 as piece
          from %s and (created_at, id) >= ($3, $4) and (created_at, id) < ($5, $6)
        ),
        pieces as (
          select case when piece = 0 then $3 else min(created_at) end as created_at,
            case when piece = 0 then $4 else (array_agg(id order by created_at, id))[1] end as id, count(*) as n
          from cut group by piece
        ),
        bounds as (
          select *, lead(created_at, 1, $5) over w as until, lead(id, 1, $6) over w as until_id from pieces window w as (order by created_at, id)
        ),
        folded as (
          select created_at, id, n - coalesce((
            select sum(p.n) from rollup.pending_crowds p
            where p.kind = $1 and (p.created_at, p.id) >= (b.created_at, b.id) and (p.created_at, p.id) < (b.until, b.until_id)), 0) as n
          from bounds b
        )
        insert into rollup.segments as s (kind, bucket, created_at, id, n)
        select $1, $2, created_at, id, n from folded
        on conflict (kind, bucket, created_at, id) do update set n = excluded.n
      $sql$, rows)
      using crowd.kind, crowd.bucket, segment.created_at, segment.id, segment.until, segment.until_id, rollup.crowd_size();
    end loop;
  end loop;
end $$;

create or replace function rollup.crowd_since(kinds smallint[], of_bucket timestamptz, since timestamptz)
returns table (kind smallint, at timestamptz, id bigint, n bigint)
language plpgsql stable rows 4
as $$
#variable_conflict use_column
begin
  return query
  select k, coalesce(s.created_at, of_bucket + interval '15 minutes'), coalesce(s.id, -9223372036854775808), coalesce(s.n, 0)
  from unnest(kinds) as k left join lateral (
    select first.created_at, first.id, (
        select sum(later.n)::bigint from rollup.segments as later
        where later.kind = k and later.bucket = of_bucket and (later.created_at, later.id) >= (first.created_at, first.id)
      ) + (
        select coalesce(sum(p.n), 0) from rollup.pending_crowds as p
        where p.kind = k and p.created_at < of_bucket + interval '15 minutes' and (p.created_at, p.id) >= (first.created_at, first.id)
      ) as n
    from rollup.segments as first
    where first.kind = k and first.bucket = of_bucket and first.created_at >= since
    order by first.created_at, first.id limit 1
  ) as s on true;
end $$;

create or replace function rollup.crowd_position(kinds smallint[], of_bucket timestamptz, lowest bigint)
returns table (kind smallint, at timestamptz, id bigint, rest bigint)
language plpgsql stable rows 4
as $$
#variable_conflict use_column
begin
  return query
  with pending as materialized (
    select p.kind, p.created_at, p.id, p.n::bigint as n from rollup.pending_crowds as p
    where p.kind = any (kinds) and p.created_at >= of_bucket and p.created_at < of_bucket + interval '15 minutes'
  ),
  reached as (
    select e.*, sum(e.n) over (order by e.at, e.kind desc, e.id, e.n desc rows unbounded preceding) as most
    from (
      select s.kind, s.created_at as at, s.id, s.n from rollup.segments as s where s.kind = any (kinds) and s.bucket = of_bucket
      union all
      select * from pending
      union all
      select c.kind, of_bucket, -9223372036854775808, c.n
      from rollup.crowd_counts as c
      where c.kind = any (kinds) and c.bucket = of_bucket
        and not exists (select from rollup.segments as s where s.kind = c.kind and s.bucket = of_bucket)
      union all
      select 0::smallint, of_bucket + interval '15 minutes', -9223372036854775808, lowest + 1
    ) as e
  ),
  turn as (select * from reached where most > lowest order by at, kind desc, id, n desc limit 1)
  select k, coalesce(s.created_at, of_bucket), coalesce(s.id, -9223372036854775808), (lowest - sum(coalesce(s.below, 0)) over ())::bigint
  from turn, unnest(kinds) as k left join lateral (
    select last.created_at, last.id, (
        select coalesce(sum(below.n), 0) from rollup.segments as below
        where below.kind = k and below.bucket = of_bucket and (below.created_at, below.id) < (last.created_at, last.id)
      ) + (
        select coalesce(sum(p.n), 0) from pending as p where p.kind = k and (p.created_at, p.id) < (last.created_at, last.id)
      ) as below
    from rollup.segments as last
    where last.kind = k and last.bucket = of_bucket and (last.created_at, last.id) <= (
      turn.at, case when k = turn.kind then turn.id when k > turn.kind then 9223372036854775807 else -9223372036854775808 end)
    order by last.created_at desc, last.id desc limit 1
  ) as s on true;
end $$;
--> statement-breakpoint
-- As before, and: the classes of users; every live post.
create or replace function rollup.rebuild(which text) returns bigint
language plpgsql security definer set search_path = pg_catalog, pg_temp set enable_seqscan = 'on'
as $$
declare
  mended bigint;
begin
  if current_setting('transaction_isolation') = 'read committed' then
    raise feature_not_supported using message = 'rollup.rebuild needs one snapshot: isolation level repeatable read';
  end if;
  lock table rollup.folding in exclusive mode;
  -- To a snapshot older than its truncate a table looks empty already; once locked it stays as it is.
  lock table public.posts, public.comments, public.users, public.sessions in access share mode;
  if exists (
    select from pg_class where oid in ('public.posts'::regclass, 'public.comments'::regclass, 'public.users'::regclass, 'public.sessions'::regclass)
      and relfilenode <> pg_relation_filenode(oid)
  ) then
    raise serialization_failure using message = 'a table was truncated or rewritten after the snapshot of rollup.rebuild';
  end if;
  case which
  when 'totals' then
    with live as (
      select 0 as kind, count(*) as n from public.posts where deleted_at is null
      union all select 1, count(*) from public.comments where deleted_at is null
      union all select 2, count(*) from public.users where deleted_at is null
      union all select 3, count(*) from public.sessions where deleted_at is null
    ),
    put as (
      insert into rollup.totals as t (kind, n) select kind, n from live
      on conflict (kind) do update set n = excluded.n where t.n <> excluded.n returning 1
    ),
    versioned as (
      insert into rollup.versions as v (kind, n) select kind, 1 from live on conflict (kind) do update set n = v.n + 1
    )
    select count(*) into mended from put;
  when 'counts' then
    with live as materialized (
      select rollup.quarter(created_at) as bucket, 0 as kind, null::smallint as flags, count(*) as n from public.posts where deleted_at is null group by 1
      union all select rollup.quarter(created_at), 1, null, count(*) from public.comments where deleted_at is null group by 1
      union all select rollup.quarter(created_at), 2, rollup.flags_of(is_active, is_admin), count(*) from public.users where deleted_at is null group by 1, 3
      union all select rollup.quarter(created_at), 3, null, count(*) from public.sessions where deleted_at is null group by 1
    ),
    expected as materialized (
      select span, date_trunc(case span when 'quarter' then 'minute' else span::text end, bucket, 'UTC') as bucket,
        coalesce(sum(n) filter (where kind = 0), 0)::bigint as posts, coalesce(sum(n) filter (where kind = 1), 0)::bigint as comments,
        coalesce(sum(n) filter (where kind = 2), 0)::bigint as signups, coalesce(sum(n) filter (where kind = 3), 0)::bigint as sessions,
        coalesce(sum(n) filter (where flags in (1, 3)), 0)::bigint as inactive, coalesce(sum(n) filter (where flags in (2, 3)), 0)::bigint as admins,
        coalesce(sum(n) filter (where flags = 3), 0)::bigint as inactive_admins
      from live, unnest(enum_range(null::rollup.span)) as span group by 1, 2
    ),
    put as (
      insert into rollup.counts (span, bucket, posts, comments, signups, sessions, inactive, admins, inactive_admins)
      select e.* from expected e left join rollup.counts c using (span, bucket)
      where (c.posts, c.comments, c.signups, c.sessions, c.inactive, c.admins, c.inactive_admins)
        is distinct from (e.posts, e.comments, e.signups, e.sessions, e.inactive, e.admins, e.inactive_admins)
      on conflict (span, bucket) do update set
        posts = excluded.posts, comments = excluded.comments, signups = excluded.signups, sessions = excluded.sessions,
        inactive = excluded.inactive, admins = excluded.admins, inactive_admins = excluded.inactive_admins
      returning 1
    ),
    gone as (
      delete from rollup.counts c where not exists (select from expected e where e.span = c.span and e.bucket = c.bucket)
      returning (posts, comments, signups, sessions, inactive, admins, inactive_admins) <> (0, 0, 0, 0, 0, 0, 0) as counted
    ),
    undivided as (
      insert into rollup.undivided
      select bucket from expected where span = 'quarter' and greatest(posts, comments, signups, sessions) > rollup.crowd_size()
      on conflict do nothing
    ),
    joined as (delete from rollup.segments)
    select (select count(*) from put) + (select count(*) from gone where counted) into mended;
  when 'user_days' then
    with expected as materialized (
      select user_id, rollup.utc_day(created_at) as day, sum(posts)::integer as posts, sum(comments)::integer as comments, sum(sessions)::integer as sessions
      from (
        select author_id as user_id, created_at, 1 as posts, 0 as comments, 0 as sessions from public.posts where deleted_at is null
        union all select author_id, created_at, 0, 1, 0 from public.comments where deleted_at is null
        union all select user_id, created_at, 0, 0, 1 from public.sessions where deleted_at is null
      ) as live where user_id is not null group by 1, 2
    ),
    put as (
      insert into rollup.user_days (user_id, day, posts, comments, sessions)
      select e.* from expected e left join rollup.user_days u using (user_id, day)
      where (u.posts, u.comments, u.sessions) is distinct from (e.posts, e.comments, e.sessions)
      order by user_id, day
      on conflict (user_id, day) do update set posts = excluded.posts, comments = excluded.comments, sessions = excluded.sessions
      returning 1
    ),
    gone as (
      delete from rollup.user_days u where not exists (select from expected e where e.user_id = u.user_id and e.day = u.day) returning 1
    )
    select (select count(*) from put) + (select count(*) from gone) into mended;
  when 'active_users' then
    with days as (
      select user_id, day, lead(day) over (partition by user_id order by day) as next_day
      from rollup.user_days where posts + comments + sessions > 0
    ),
    steps as (
      select span, day, sum(n) as n
      from (
        select span, day, 1 as n from days, unnest(array[1, 7, 30]) as span
        union all
        select span, least(day + span, next_day), -1 from days, unnest(array[1, 7, 30]) as span
      ) as each group by span, day having sum(n) <> 0
    ),
    levels as (
      select span, day, lead(day) over w as until, sum(n) over w as n from steps window w as (partition by span order by day)
    ),
    expected as materialized (
      select day + number as day, coalesce(sum(n) filter (where span = 1), 0)::bigint as daily,
        coalesce(sum(n) filter (where span = 7), 0)::bigint as weekly, coalesce(sum(n) filter (where span = 30), 0)::bigint as monthly
      from levels, generate_series(0, until - day - 1) as number where n <> 0 group by 1
    ),
    put as (
      insert into rollup.active_users as a (day, daily, weekly, monthly) select * from expected
      on conflict (day) do update set daily = excluded.daily, weekly = excluded.weekly, monthly = excluded.monthly
        where (a.daily, a.weekly, a.monthly) <> (excluded.daily, excluded.weekly, excluded.monthly)
      returning 1
    ),
    gone as (
      delete from rollup.active_users a where not exists (select from expected e where e.day = a.day)
      returning (daily, weekly, monthly) <> (0, 0, 0) as counted
    )
    select (select count(*) from put) + (select count(*) from gone where counted) into mended;
  when 'post_comments' then
    with expected as materialized (
      select post_id, coalesce(c.n, 0) as n, l.post_id is not null as is_live
      from (select id as post_id from public.posts where deleted_at is null) as l
        full join (select post_id, count(*) as n from public.comments where deleted_at is null group by 1) as c using (post_id)
    ),
    put as (
      insert into rollup.post_comments (post_id, n, is_live)
      select e.* from expected e left join rollup.post_comments p using (post_id)
      where (p.n, p.is_live) is distinct from (e.n, e.is_live)
      on conflict (post_id) do update set n = excluded.n, is_live = excluded.is_live returning 1
    ),
    gone as (
      delete from rollup.post_comments p where not exists (select from expected e where e.post_id = p.post_id)
      returning n <> 0 or is_live as counted
    )
    select (select count(*) from put) + (select count(*) from gone where counted) into mended;
  when 'deltas' then
    with taken as (delete from rollup.deltas returning kind),
    versioned as (
      update rollup.versions v set n = v.n + t.n from (select kind, count(*) as n from taken group by kind) t where t.kind = v.kind
    ),
    marked as (
      insert into rollup.mark select * from rollup.next_mark
      on conflict (one) do update set
        seen_below = excluded.seen_below, except_for = excluded.except_for, written_by = excluded.written_by, written_to = excluded.written_to
    )
    select 0 into mended;
  end case;
  return mended;
end $$;
--> statement-breakpoint
-- As before, and: the classes of users; every live post. What a post of the load got of comments is written once, with the post.
create or replace function rollup.load_begin(own_users text, own_posts text) returns void
language plpgsql set search_path = pg_catalog, pg_temp
as $$
begin
  create temp table loaded_quarters (kind integer, bucket timestamptz, flags smallint, rows bigint, n bigint) on commit drop;
  create temp table loaded_days (user_id bigint, day date, kind integer, n integer) on commit drop;
  create temp table loaded_live (post_id bigint) on commit drop;
  create temp table loaded_comments (post_id bigint, n bigint) on commit drop;
  execute format(
    'create temp table loaded_users on commit drop as select id from (%s) as o
     where not exists (select from rollup.user_days d where d.user_id = o.id) and not exists (select from rollup.pending p where p.user_id = o.id)',
    own_users);
  execute format(
    'create temp table loaded_posts on commit drop as select id from (%s) as o
     where not exists (select from rollup.post_comments c where c.post_id = o.id) and not exists (
       select from rollup.pending p where p.post_id = o.id or p.kind = 0 and p.id = o.id)',
    own_posts);
  analyze pg_temp.loaded_users, pg_temp.loaded_posts;
end $$;

-- Counts the rows of a kind, given by a query for id, created_at, user_id, post_id, flags and is_live; once for each kind.
create or replace function rollup.load(of_kind integer, rows text) returns void
language plpgsql set search_path = pg_catalog, pg_temp
as $$
declare
  referring text := format(
    'select r.*, (user_id is null or u.id is not null) and (%2$s is null or p.id is not null) as is_own
     from (%1$s) as r left join pg_temp.loaded_users as u on u.id = user_id left join pg_temp.loaded_posts as p on p.id = %2$s',
    rows, case of_kind when 0 then 'r.id' else 'post_id' end);
  appended bigint;
begin
  execute format(
    'insert into rollup.deltas (kind, n, created_at, id, user_id, post_id, flags)
     select %s, is_live::integer, created_at, id, user_id, post_id, flags from (%s) as r where not is_own', of_kind, referring);
  get diagnostics appended = row_count;
  if appended > 0 then
    rows := format('select * from (%s) as r where is_own', referring);
  end if;

  execute format(
    'insert into pg_temp.loaded_quarters
     select %s, rollup.quarter(created_at), flags, count(*), count(*) filter (where is_live) from (%s) as r group by 2, 3', of_kind, rows);
  if of_kind = 0 then
    execute format('insert into pg_temp.loaded_live select id from (%s) as r where is_live', rows);
  elsif of_kind = 1 then
    execute format('insert into pg_temp.loaded_comments select post_id, count(*) from (%s) as r where is_live group by 1', rows);
  end if;
  if of_kind <> 2 then
    execute format(
      'insert into pg_temp.loaded_days
       select user_id, rollup.utc_day(created_at), %s, count(*) from (%s) as r where is_live and user_id is not null group by 1, 2',
      of_kind, rows);
  end if;
end $$;

create or replace function rollup.load_days() returns void
language plpgsql set search_path = pg_catalog, pg_temp
as $$
begin
  analyze pg_temp.loaded_live, pg_temp.loaded_comments, pg_temp.loaded_days;
  insert into rollup.post_comments (post_id, n, is_live)
  select post_id, coalesce(c.n, 0), l.post_id is not null
  from pg_temp.loaded_live as l full join pg_temp.loaded_comments as c using (post_id) order by post_id;
  create temp table loaded_user_days on commit drop as
  select user_id, day, coalesce(sum(n) filter (where kind = 0), 0) as posts,
    coalesce(sum(n) filter (where kind = 1), 0) as comments, coalesce(sum(n) filter (where kind = 3), 0) as sessions
  from pg_temp.loaded_days group by user_id, day order by user_id, day;
  insert into rollup.user_days (user_id, day, posts, comments, sessions) select * from pg_temp.loaded_user_days;
  create temp table loaded_active_users on commit drop as
  with days as (
    select user_id, day, lead(day) over (partition by user_id order by day) as next_day from pg_temp.loaded_user_days
  ),
  gaps as (select day, least(next_day - day, 30) as gap, count(*) as n from days group by 1, 2),
  levels as (
    select span, day, lead(day) over w as until, sum(n) over w as n
    from (
      select step.span, step.from_day as day, sum(step.more) as n
      from gaps, lateral rollup.steps(gaps.day, gaps.gap, gaps.n) as step group by 1, 2 having sum(step.more) <> 0
    ) as steps window w as (partition by span order by day)
  )
  select day + number as day, coalesce(sum(n) filter (where span = 1), 0) as daily,
    coalesce(sum(n) filter (where span = 7), 0) as weekly, coalesce(sum(n) filter (where span = 30), 0) as monthly
  from levels, generate_series(0, until - day - 1) as number where n <> 0 group by 1;
end $$;

create or replace function rollup.load_last() returns void
language plpgsql set search_path = pg_catalog, pg_temp
as $$
declare
  crowded timestamptz[];
begin
  perform rollup.fold_last();
  if to_regclass('pg_temp.loaded_active_users') is null then
    return;
  end if;
  with counted as (
    insert into rollup.counts as c (span, bucket, posts, comments, signups, sessions, inactive, admins, inactive_admins)
    select span, date_trunc(case span when 'quarter' then 'minute' else span::text end, bucket, 'UTC'),
      coalesce(sum(n) filter (where kind = 0), 0), coalesce(sum(n) filter (where kind = 1), 0),
      coalesce(sum(n) filter (where kind = 2), 0), coalesce(sum(n) filter (where kind = 3), 0),
      coalesce(sum(n) filter (where flags in (1, 3)), 0), coalesce(sum(n) filter (where flags in (2, 3)), 0),
      coalesce(sum(n) filter (where flags = 3), 0)
    from pg_temp.loaded_quarters, unnest(enum_range(null::rollup.span)) as span
    where n > 0 group by 1, 2 order by 1, 2
    on conflict (span, bucket) do update set
      posts = c.posts + excluded.posts, comments = c.comments + excluded.comments,
      signups = c.signups + excluded.signups, sessions = c.sessions + excluded.sessions,
      inactive = c.inactive + excluded.inactive, admins = c.admins + excluded.admins,
      inactive_admins = c.inactive_admins + excluded.inactive_admins
    returning span, bucket, greatest(posts, comments, signups, sessions) as most
  )
  select array_agg(bucket) into crowded from counted where span = 'quarter' and most > rollup.crowd_size();
  update rollup.totals t set n = t.n + l.n
  from (select kind, sum(n) as n from pg_temp.loaded_quarters group by kind) as l where l.kind = t.kind;
  update rollup.versions v set n = v.n + l.n
  from (select kind, sum(rows) as n from pg_temp.loaded_quarters group by kind) as l where l.kind = v.kind;
  insert into rollup.active_users as a (day, daily, weekly, monthly) select * from pg_temp.loaded_active_users order by day
  on conflict (day) do update set
    daily = a.daily + excluded.daily, weekly = a.weekly + excluded.weekly, monthly = a.monthly + excluded.monthly;
  -- A crowd that grew is cut anew.
  delete from rollup.segments s using pg_temp.loaded_quarters q where (q.kind = s.kind or q.kind = 2 and s.kind > 3) and q.bucket = s.bucket and q.n > 0;
  if cardinality(crowded) > 0 then
    perform rollup.divide(crowded);
  end if;
end $$;
--> statement-breakpoint
-- Pending deltas of users that tell no class move no class: it is counted here, whatever is folded of the users by now.
do $$
declare
  found_path text := current_setting('search_path');
begin
  perform set_config('search_path', 'pg_catalog, pg_temp', true);
  insert into rollup.counts as c (span, bucket, posts, comments, signups, sessions, inactive, admins, inactive_admins)
  select span, date_trunc(case span when 'quarter' then 'minute' else span::text end, bucket, 'UTC'), 0, 0, 0, 0,
    coalesce(sum(n) filter (where flags in (1, 3)), 0), coalesce(sum(n) filter (where flags in (2, 3)), 0),
    coalesce(sum(n) filter (where flags = 3), 0)
  from (
    select rollup.quarter(created_at) as bucket, rollup.flags_of(is_active, is_admin) as flags, count(*) as n
    from public.users where deleted_at is null and (not is_active or is_admin) group by 1, 2
  ) as quarters, unnest(enum_range(null::rollup.span)) as span
  group by 1, 2
  on conflict (span, bucket) do update set
    inactive = excluded.inactive, admins = excluded.admins, inactive_admins = excluded.inactive_admins;
  insert into rollup.undivided select bucket from rollup.counts where span = 'quarter' and signups > rollup.crowd_size()
  on conflict do nothing;
  perform set_config('search_path', found_path, true);
end $$;
--> statement-breakpoint
-- Last, for readers wait for it.
DROP INDEX "comments_post";
DROP INDEX "comments_author";
DROP INDEX "posts_author";
DROP INDEX "sessions_user";
DROP INDEX "sessions_last_seen";
