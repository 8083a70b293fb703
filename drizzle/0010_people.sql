-- What each user made and when they signed up, and how many of a month's sign-ups were active in which months since.

-- No fold comes in between: what is pending now is pending to all that is counted here. Writers go on.
lock table rollup.folding in exclusive mode;
--> statement-breakpoint
create function rollup.month_of(day date) returns date
language sql immutable parallel safe
return date_trunc('month', day::timestamp)::date;

-- One row for each live user, and for whoever made what is there. Live posts and comments only.
create table rollup.user_totals (
  user_id bigint primary key,
  -- The UTC month of the sign-up; null where no live user has the id.
  cohort date,
  posts bigint not null,
  comments bigint not null
);

-- Of the live users of a cohort, how many have an active day in the month; no month before the cohort's own.
create table rollup.retention (
  cohort date not null,
  month date not null,
  n bigint not null,
  primary key (cohort, month)
) with (fillfactor = 85);

-- A cohort is folded when its users' sign-ups are: who is pending stands where it stood before. What came and went again is not.
insert into rollup.user_totals (user_id, cohort, posts, comments)
with moved as materialized (
  select id, rollup.month_of(rollup.utc_day(created_at)) as cohort, sum(n) as n
  from rollup.pending where kind = 2 and n <> 0 group by 1, 2 having sum(n) <> 0
)
select user_id, max(cohort), sum(posts), sum(comments)
from (
  select user_id, null::date as cohort, posts, comments from rollup.user_days where posts <> 0 or comments <> 0
  union all
  select id, rollup.month_of(rollup.utc_day(created_at)), 0, 0 from public.users u
  where deleted_at is null and not exists (select from moved m where m.n > 0 and m.id = u.id)
  union all
  select id, cohort, 0, 0 from moved where n < 0
) as each group by user_id having max(cohort) is not null or (sum(posts), sum(comments)) <> (0, 0);

-- User by user in the order of the key: a third of what sorting all days takes.
insert into rollup.retention (cohort, month, n)
select t.cohort, active.month, count(*)
from rollup.user_totals t, lateral (
  select distinct rollup.month_of(d.day) as month from rollup.user_days d
  where d.user_id = t.user_id and d.day >= t.cohort and d.posts + d.comments + d.sessions > 0 offset 0
) as active where t.cohort is not null group by 1, 2;

create index user_totals_posts on rollup.user_totals (posts desc, user_id) where cohort is not null and posts > 0;
create index user_totals_comments on rollup.user_totals (comments desc, user_id) where cohort is not null and comments > 0;
create index user_totals_activity on rollup.user_totals ((posts + comments) desc, user_id) where cohort is not null and posts + comments > 0;
-- All that is summed up between two days: after an import a month's rows lie all over the table, and reading them took four times as long.
create index user_days_day on rollup.user_days (day) include (user_id, posts, comments);
--> statement-breakpoint
-- What users have made and when they signed up, as they stand with what is pending of them.
create view rollup.pending_user_totals as
select p.user_id, case when p.is_moved then p.cohort else t.cohort end as cohort,
  p.posts + coalesce(t.posts, 0) as posts, p.comments + coalesce(t.comments, 0) as comments
from (
  select user_id, sum(posts)::bigint as posts, sum(comments)::bigint as comments,
    bool_or(signups <> 0) as is_moved, max(month) filter (where signups > 0) as cohort
  from (
    select case kind when 2 then id else user_id end as user_id,
      case kind when 2 then rollup.month_of(rollup.utc_day(created_at)) end as month,
      coalesce(sum(n) filter (where kind = 0), 0) as posts, coalesce(sum(n) filter (where kind = 1), 0) as comments,
      coalesce(sum(n) filter (where kind = 2), 0) as signups
    from rollup.pending where kind <> 3 and n <> 0 group by 1, 2
  ) as each where user_id is not null group by user_id
) as p left join lateral (
  select t.cohort, t.posts, t.comments from rollup.user_totals t where t.user_id = p.user_id offset 0
) as t on true;

-- What changes in the retention when days of a user turn (1 active, -1 idle), or the cohort does, by what is folded of the user's
-- days: of a user who stays in the cohort, the months of those days are looked at, of one who comes, goes or moves all there are.
create function rollup.retention_moved(of_user bigint, was date, is_now date, days date[], turns integer[])
returns table (cohort date, month date, n integer) language sql stable rows 2
begin atomic
  select c.cohort, m.month, c.n
  from (
    select each.month, sum(each.was_active) > 0 as was_active, sum(each.was_active + each.turn) > 0 as is_active
    from (
      select rollup.month_of(t.day) as month, 0 as was_active, t.turn from unnest(days, turns) as t (day, turn)
      union all
      select rollup.month_of(d.day), 1, 0 from rollup.user_days as d
      where d.user_id = of_user and d.posts + d.comments + d.sessions > 0
        and d.day >= case when was is distinct from is_now then '-infinity' else (select rollup.month_of(min(t)) from unnest(days) as t) end
        and d.day < case when was is distinct from is_now then 'infinity'
          else (select rollup.month_of(max(t)) + interval '1 month' from unnest(days) as t) end
    ) as each group by each.month
  ) as m, lateral (values (was, m.was_active, -1), (is_now, m.is_active, 1)) as c (cohort, is_counted, n)
  where c.is_counted and m.month >= c.cohort;
end;

create view rollup.pending_retention as
select moved.cohort, moved.month, sum(moved.n)::bigint as n
from (
  select user_id, array_agg(day) filter (where turn <> 0) as days, array_agg(turn) filter (where turn <> 0) as turns,
    bool_or(signups <> 0) as is_moved, max(month) filter (where signups > 0) as cohort
  from (
    select user_id, day, turn, null::date as month, 0 as signups from rollup.pending_turns
    union all
    select id, null, 0, rollup.month_of(rollup.utc_day(created_at)), sum(n) from rollup.pending
    where kind = 2 and n <> 0 group by 1, 4 having sum(n) <> 0
  ) as each group by user_id
) as p left join lateral (
  select t.cohort from rollup.user_totals t where t.user_id = p.user_id offset 0
) as t on true, lateral rollup.retention_moved(
  p.user_id, t.cohort, case when p.is_moved then p.cohort else t.cohort end, p.days, p.turns) as moved
group by 1, 2 having sum(moved.n) <> 0;
--> statement-breakpoint
-- As before, and the totals of the users it takes rows of, and what they change in the retention.
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
  people as materialized (
    select p.*, t.place, t.cohort as was, case when p.is_moved then p.came else t.cohort end as is_now,
      p.posts + coalesce(t.posts, 0) as all_posts, p.comments + coalesce(t.comments, 0) as all_comments
    from (
      select user_id, sum(posts) as posts, sum(comments) as comments,
        array_agg(day) filter (where turn <> 0) as days, array_agg(turn) filter (where turn <> 0) as turns,
        bool_or(signups <> 0) as is_moved, max(month) filter (where signups > 0) as came
      from (
        select user_id, day, case when (before > 0) = (after > 0) then 0 when before = 0 then 1 else -1 end as turn,
          posts, comments, null::date as month, 0 as signups from days
        union all
        select id, null, 0, 0, 0, rollup.month_of(rollup.utc_day(created_at)), sum(n) from taken
        where kind = 2 and n <> 0 group by 1, 6 having sum(n) <> 0
      ) as each group by user_id
    ) as p left join lateral (
      select t.ctid as place, t.cohort, t.posts, t.comments from rollup.user_totals t where t.user_id = p.user_id offset 0
    ) as t on true
  ),
  appeared as (
    insert into rollup.user_totals (user_id, cohort, posts, comments)
    select user_id, is_now, all_posts, all_comments from people
    where place is null and (is_now is not null or (all_posts, all_comments) <> (0, 0)) order by user_id
  ),
  changed as (
    update rollup.user_totals t set cohort = p.is_now, posts = p.all_posts, comments = p.all_comments
    from people p
    where (p.was is distinct from p.is_now or (p.posts, p.comments) <> (0, 0))
      and (p.is_now is not null or (p.all_posts, p.all_comments) <> (0, 0)) and t.ctid = p.place
  ),
  vanished as (
    delete from rollup.user_totals t using people p
    where p.is_now is null and (p.all_posts, p.all_comments) = (0, 0) and t.ctid = p.place
  ),
  retained as (
    insert into rollup.retention as r (cohort, month, n)
    select moved.cohort, moved.month, sum(moved.n)
    from people p, lateral rollup.retention_moved(p.user_id, p.was, p.is_now, p.days, p.turns) as moved
    where p.days is not null or p.is_moved
    group by 1, 2 having sum(moved.n) <> 0 order by 1, 2
    on conflict (cohort, month) do update set n = r.n + excluded.n
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
-- A bulk command's own users count with the rest of it; one that the rollups know by its id is left to the fold.
create or replace function rollup.load_begin(own_users text, own_posts text) returns void
language plpgsql set search_path = pg_catalog, pg_temp
as $$
begin
  create temp table loaded_quarters (kind integer, bucket timestamptz, flags smallint, rows bigint, n bigint) on commit drop;
  create temp table loaded_days (user_id bigint, day date, kind integer, n integer) on commit drop;
  create temp table loaded_cohorts (user_id bigint, cohort date) on commit drop;
  create temp table loaded_live (post_id bigint) on commit drop;
  create temp table loaded_comments (post_id bigint, n bigint) on commit drop;
  execute format(
    'create temp table loaded_users on commit drop as select id from (%s) as o
     where not exists (select from rollup.user_days d where d.user_id = o.id) and not exists (select from rollup.user_totals t where t.user_id = o.id)
       and not exists (select from rollup.pending p where p.user_id = o.id) and not exists (select from rollup.pending p where p.kind = 2 and p.id = o.id)',
    own_users);
  execute format(
    'create temp table loaded_posts on commit drop as select id from (%s) as o
     where not exists (select from rollup.post_comments c where c.post_id = o.id) and not exists (
       select from rollup.pending p where p.post_id = o.id or p.kind = 0 and p.id = o.id)',
    own_posts);
  analyze pg_temp.loaded_users, pg_temp.loaded_posts;
end $$;

create or replace function rollup.load(of_kind integer, rows text) returns void
language plpgsql set search_path = pg_catalog, pg_temp
as $$
declare
  referring text := format(
    'select r.*, (%3$s is null or u.id is not null) and (%2$s is null or p.id is not null) as is_own
     from (%1$s) as r left join pg_temp.loaded_users as u on u.id = %3$s left join pg_temp.loaded_posts as p on p.id = %2$s',
    rows, case of_kind when 0 then 'r.id' else 'post_id' end, case of_kind when 2 then 'r.id' else 'user_id' end);
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
  if of_kind = 2 then
    execute format(
      'insert into pg_temp.loaded_cohorts select id, rollup.month_of(rollup.utc_day(created_at)) from (%s) as r where is_live', rows);
  else
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
  insert into rollup.user_totals (user_id, cohort, posts, comments)
  select user_id, max(cohort), sum(posts), sum(comments)
  from (
    select user_id, cohort, 0 as posts, 0 as comments from pg_temp.loaded_cohorts
    union all select user_id, null, posts, comments from pg_temp.loaded_user_days
  ) as each group by user_id having max(cohort) is not null or (sum(posts), sum(comments)) <> (0, 0) order by user_id;
  create temp table loaded_retention on commit drop as
  select c.cohort, active.month, count(*) as n
  from (select user_id, rollup.month_of(day) as month from pg_temp.loaded_user_days group by 1, 2) as active
    join pg_temp.loaded_cohorts c using (user_id)
  where active.month >= c.cohort group by 1, 2;
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
  insert into rollup.retention as r (cohort, month, n) select * from pg_temp.loaded_retention order by cohort, month
  on conflict (cohort, month) do update set n = r.n + excluded.n;
  -- A crowd that grew is cut anew.
  delete from rollup.segments s using pg_temp.loaded_quarters q where (q.kind = s.kind or q.kind = 2 and s.kind > 3) and q.bucket = s.bucket and q.n > 0;
  if cardinality(crowded) > 0 then
    perform rollup.divide(crowded);
  end if;
end $$;
--> statement-breakpoint
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
  when 'user_totals' then
    with expected as materialized (
      select user_id, max(cohort) as cohort, sum(posts)::bigint as posts, sum(comments)::bigint as comments
      from (
        select id as user_id, rollup.month_of(rollup.utc_day(created_at)) as cohort, 0 as posts, 0 as comments
        from public.users where deleted_at is null
        union all select author_id, null, 1, 0 from public.posts where deleted_at is null
        union all select author_id, null, 0, 1 from public.comments where deleted_at is null
      ) as live where user_id is not null group by user_id
    ),
    put as (
      insert into rollup.user_totals (user_id, cohort, posts, comments)
      select e.* from expected e left join rollup.user_totals t using (user_id)
      where (t.user_id, t.cohort, t.posts, t.comments) is distinct from (e.user_id, e.cohort, e.posts, e.comments)
      order by user_id
      on conflict (user_id) do update set cohort = excluded.cohort, posts = excluded.posts, comments = excluded.comments
      returning 1
    ),
    gone as (
      delete from rollup.user_totals t where not exists (select from expected e where e.user_id = t.user_id) returning 1
    )
    select (select count(*) from put) + (select count(*) from gone) into mended;
  when 'retention' then
    with expected as materialized (
      select t.cohort, active.month, count(*) as n
      from rollup.user_totals t, lateral (
        select distinct rollup.month_of(d.day) as month from rollup.user_days d
        where d.user_id = t.user_id and d.day >= t.cohort and d.posts + d.comments + d.sessions > 0 offset 0
      ) as active where t.cohort is not null group by 1, 2
    ),
    put as (
      insert into rollup.retention (cohort, month, n)
      select e.* from expected e left join rollup.retention r using (cohort, month) where r.n is distinct from e.n
      on conflict (cohort, month) do update set n = excluded.n returning 1
    ),
    gone as (
      delete from rollup.retention r where not exists (select from expected e where (e.cohort, e.month) = (r.cohort, r.month))
      returning n <> 0 as counted
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
create trigger guard before insert or update or delete or truncate on rollup.user_totals for each statement execute function rollup.written_by_fold_alone();
create trigger guard before insert or update or delete or truncate on rollup.retention for each statement execute function rollup.written_by_fold_alone();
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
    'rollup.post_comments'::regclass, 'rollup.user_totals'::regclass, 'rollup.retention'::regclass, 'rollup.segments'::regclass, 'rollup.undivided'::regclass, 'rollup.mark'::regclass)
  and not exists (select from pg_trigger t where t.tgrelid = c.oid and t.tgname = 'guard' and t.tgenabled <> 'D');
