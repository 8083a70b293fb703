-- A delta that costs its writer less. A trigger's condition is parsed and planned anew by each statement, which took as long as
-- the delta itself: so inserts that are nobody's replica find a trigger without one, and the other asks what is rare.
lock table public.users, public.posts, public.comments, public.sessions in share row exclusive mode;
do $$
declare
  relation text;
begin
  foreach relation in array array['posts', 'comments', 'users', 'sessions'] loop
    -- Both silent or both firing, a row is counted once: `enable trigger all` leaves the condition. Of bulk commands that append
    -- their rows' deltas themselves, only who may turn triggers off altogether is believed.
    execute format($sql$
      create or replace trigger rollup_insert after insert on public.%1$s for each row execute function rollup.%1$s_insert();
      create trigger rollup_insert_replica after insert on public.%1$s for each row
        when (current_setting('session_replication_role') = 'replica' and current_setting('rollup.loading', true) is distinct from 'on')
        execute function rollup.%1$s_insert();
      alter table public.%1$s enable trigger rollup_insert, enable replica trigger rollup_insert_replica;
    $sql$, relation);
  end loop;
end $$;
--> statement-breakpoint
-- Of where they were made with a parameter of their own, which takes a superuser, also to restore them.
create or replace function rollup.written_by_fold_alone() returns trigger
language plpgsql
as $$
begin
  if current_setting('search_path') <> 'pg_catalog, pg_temp' then
    raise insufficient_privilege using
      message = format('rollup.%I is written by rollup.fold() and rollup.rebuild() alone', tg_table_name);
  end if;
  return null;
end $$;
do $$
declare
  one regprocedure;
begin
  for one in
    select oid from pg_proc where pronamespace = 'rollup'::regnamespace and 'rollup.writing=on' = any (proconfig)
  loop
    execute format('alter function %s reset rollup.writing', one);
  end loop;
end $$;
-- The same whether `rollup` is in the search path or not.
create or replace view rollup.triggers as
select case when n.nspname = 'public' then c.relname else n.nspname || '.' || c.relname end as relation, t.tgname::text as name,
  replace(translate(pg_get_triggerdef(t.oid), '() ', ''), 'EXECUTEFUNCTIONrollup.', 'EXECUTEFUNCTION') as definition,
  p.prosrc as source, t.tgenabled as enabled, has_function_privilege('public', p.oid, 'execute') as is_public, p.prosecdef as is_definers
from pg_trigger t join pg_class c on c.oid = t.tgrelid join pg_namespace n on n.oid = c.relnamespace join pg_proc p on p.oid = t.tgfoid
where p.pronamespace = 'rollup'::regnamespace and p.proname <> 'written_by_fold_alone' and not t.tgisinternal;
update rollup.installed set definition = replace(definition, 'EXECUTEFUNCTIONrollup.', 'EXECUTEFUNCTION');
--> statement-breakpoint
-- When each fires, as it was made: always, but for the two of an insert.
alter table rollup.installed add column enabled "char" not null default 'A';
create or replace view rollup.trigger_faults as
select relation, name, case
    when t.name is null then 'is missing'
    when i.name is null then 'should not be there'
    when t.enabled = 'D' then 'is disabled'
    when t.enabled <> i.enabled then case i.enabled
      when 'A' then 'does not fire always' when 'R' then 'does not fire in replica role alone' else 'does not fire in origin role alone'
    end
    when t.is_public then 'has a function that anyone may execute'
    else 'is not as it was made'
  end as fault
from rollup.installed i full join rollup.triggers t using (relation, name)
where (t.definition, t.source, t.enabled, t.is_public, t.is_definers) is distinct from (i.definition, i.source, i.enabled, false, true)
union all
select 'rollup', proname, 'may be executed by anyone' from pg_proc
where pronamespace = 'rollup'::regnamespace and prosecdef and prorettype <> 'trigger'::regtype and has_function_privilege('public', oid, 'execute')
union all
select 'rollup.' || c.relname, 'guard', 'is missing or disabled' from pg_class c
where c.oid in ('rollup.counts'::regclass, 'rollup.totals'::regclass, 'rollup.versions'::regclass, 'rollup.user_days'::regclass, 'rollup.active_users'::regclass,
    'rollup.post_comments'::regclass, 'rollup.segments'::regclass, 'rollup.undivided'::regclass, 'rollup.mark'::regclass)
  and not exists (select from pg_trigger t where t.tgrelid = c.oid and t.tgname = 'guard' and t.tgenabled <> 'D');
delete from rollup.installed where name like 'rollup_insert%';
insert into rollup.installed select relation, name, definition, source, enabled from rollup.triggers where name like 'rollup_insert%';
--> statement-breakpoint
-- The folded active days of a user from `low` to `high`, and the nearest on either side that days between them may reach or be
-- reached from: whichever of them turn, the reach of all others stays.
create function rollup.active_near(of_user bigint, low date, high date) returns table (day date) language sql stable rows 2
begin atomic
  (select d.day from rollup.user_days as d
  where d.user_id = of_user and d.day < low and d.day >= low - 30 and d.posts + d.comments + d.sessions > 0 order by d.day desc limit 1)
  union all
  select d.day from rollup.user_days as d
  where d.user_id = of_user and d.day between low and high and d.posts + d.comments + d.sessions > 0
  union all
  (select d.day from rollup.user_days as d
  where d.user_id = of_user and d.day > high and d.day <= high + 30 and d.posts + d.comments + d.sessions > 0 order by d.day limit 1);
end;

-- A user is active within s days of x when their last active day up to x is less than s days back. So an active day
-- reaches s days far, or to the user's next one. What turned days change: their own reach, and that of the active day before.
create or replace view rollup.pending_active as
with turned as materialized (select user_id, day, turn from rollup.pending_turns),
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
gaps as (select day, least(next_day - day, 30) as gap, sum(n)::bigint as n from reach group by 1, 2 having sum(n) <> 0)
select step.span, step.from_day as day, step.more as n
from gaps, lateral rollup.steps(gaps.day, gaps.gap, gaps.n) as step;
--> statement-breakpoint
-- As before, but what is taken is read once: users' days and who turns active follow from it, not from the views again.
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
    returning created_at, id, user_id, post_id, kind, n
  ),
  counted as (
    insert into rollup.counts as c (span, bucket, posts, comments, signups, sessions)
    select span, date_trunc(case span when 'quarter' then 'minute' else span::text end, bucket, 'UTC'),
      coalesce(sum(n) filter (where kind = 0), 0),
      coalesce(sum(n) filter (where kind = 1), 0),
      coalesce(sum(n) filter (where kind = 2), 0),
      coalesce(sum(n) filter (where kind = 3), 0)
    from (
      select rollup.quarter(created_at) as bucket, kind, sum(n) as n from taken group by 1, 2 having sum(n) <> 0
    ) as quarters, unnest(enum_range(null::rollup.span)) as span
    group by 1, 2
    order by 1, 2
    on conflict (span, bucket) do update set
      posts = c.posts + excluded.posts,
      comments = c.comments + excluded.comments,
      signups = c.signups + excluded.signups,
      sessions = c.sessions + excluded.sessions
    returning span, bucket, greatest(posts, comments, signups, sessions) as most
  ),
  segmented as (
    update rollup.segments s set n = s.n + d.n
    from (
      select t.kind, s.bucket, s.created_at, s.id, sum(t.n) as n
      from taken t, lateral (
        select bucket, created_at, id from rollup.segments s
        where s.kind = t.kind and s.bucket = rollup.quarter(t.created_at) and (s.created_at, s.id) <= (t.created_at, t.id)
        order by s.created_at desc, s.id desc limit 1
      ) as s
      where t.n <> 0 group by 1, 2, 3, 4 having sum(t.n) <> 0
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
    select r.post_id, r.n, p.place
    from (select post_id, sum(n) as n from taken where kind = 1 group by 1 having sum(n) <> 0) as r left join lateral (
      select p.ctid as place from rollup.post_comments p where p.post_id = r.post_id offset 0
    ) as p on true
  ),
  opened as (
    insert into rollup.post_comments (post_id, n) select post_id, n from replies where place is null order by post_id
  ),
  discussed as (
    update rollup.post_comments p set n = p.n + r.n from replies r where p.ctid = r.place
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
