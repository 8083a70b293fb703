-- Rollups: exact counts that never scan. Writers append signed deltas in their own transaction, a fold
-- moves them into counts, and readers add folded and pending in one snapshot.
-- Kinds: 0 post, 1 comment, 2 signup, 3 session. Every bucket and day is UTC.

create schema rollup;
--> statement-breakpoint
create type rollup.span as enum ('month', 'day', 'quarter');
--> statement-breakpoint
create table rollup.count_deltas (
  xid xid8 not null default pg_current_xact_id(),
  kind smallint not null,
  bucket timestamptz not null,
  n bigint not null
);
create index count_deltas_xid on rollup.count_deltas (xid);

-- The four kinds stand side by side: a page jump reads every kind of a bucket, in one row instead of four.
create table rollup.counts (
  span rollup.span not null,
  bucket timestamptz not null,
  posts bigint not null,
  comments bigint not null,
  signups bigint not null,
  sessions bigint not null,
  primary key (span, bucket)
);

create table rollup.totals (kind smallint primary key, n bigint not null);
-- The write statements ever folded; with those pending, a table's version.
create table rollup.versions (kind smallint primary key, n bigint not null);
insert into rollup.totals select kind, 0 from generate_series(0, 3) as kind;
insert into rollup.versions select kind, 0 from generate_series(0, 3) as kind;

-- Every delta below this transaction is folded: readers skip what is dead but not yet vacuumed.
create table rollup.watermark (xid xid8 not null);
insert into rollup.watermark values ('0');
--> statement-breakpoint
create table rollup.user_days (
  user_id bigint not null,
  day date not null,
  posts integer not null default 0,
  comments integer not null default 0,
  sessions integer not null default 0,
  primary key (user_id, day)
);

-- One row per user ever active. Whoever adds or removes an active day holds its lock until commit.
create table rollup.user_activity (user_id bigint primary key, days integer not null);

-- A user is active within s days of x when their last active day up to x is less than s days back. So an active day
-- reaches s days far, or to the user's next one: from `day` on, n more users for `gap` days (1 to 30), or fewer.
create table rollup.active_deltas (
  xid xid8 not null default pg_current_xact_id(),
  day date not null,
  gap integer not null,
  n bigint not null
);
create index active_deltas_xid on rollup.active_deltas (xid);

-- Distinct users active on a day, and in the 7 and 30 days that end with it.
create table rollup.active_users (
  day date primary key,
  daily bigint not null,
  weekly bigint not null,
  monthly bigint not null
);
--> statement-breakpoint
create table rollup.post_comment_deltas (
  xid xid8 not null default pg_current_xact_id(),
  post_id bigint not null,
  n bigint not null
);
create index post_comment_deltas_xid on rollup.post_comment_deltas (xid);

create table rollup.post_comments (post_id bigint primary key, n bigint not null);
--> statement-breakpoint
do $$
declare
  name text;
begin
  foreach name in array array['count_deltas', 'active_deltas', 'post_comment_deltas'] loop
    execute format('alter table rollup.%I set (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 5000, autovacuum_vacuum_insert_threshold = -1)', name);
  end loop;
  -- Counts change in place: room on the page keeps their index untouched.
  foreach name in array array['counts', 'user_days', 'user_activity', 'active_users', 'post_comments'] loop
    execute format('alter table rollup.%I set (fillfactor = 85)', name);
  end loop;
end $$;
--> statement-breakpoint
create function rollup.quarter(instant timestamptz) returns timestamptz
language sql immutable parallel safe
return date_bin('15 minutes', instant, '2000-01-01T00:00:00Z');

create function rollup.utc_day(instant timestamptz) returns date
language sql immutable parallel safe
return (instant at time zone 'UTC')::date;

-- A database restored into another cluster brings a watermark from that cluster's future: then nothing is skipped.
create function rollup.readable_from() returns xid8
language sql stable parallel safe
return (
  select case when xid > pg_snapshot_xmax(pg_current_snapshot()) then '0'::xid8 else xid end
  from rollup.watermark
);
--> statement-breakpoint
create view rollup.pending_counts as
select kind, bucket, n from rollup.count_deltas where xid >= (select rollup.readable_from());

-- The steps of the number of users active within `span` days: from `day` on, n more.
create function rollup.steps(day date, gap integer, n bigint)
returns table (span integer, from_day date, more bigint)
language sql immutable parallel safe
begin atomic
  select span, day, n from unnest(array[1, 7, 30]) as span
  union all
  select span, day + least(span, gap), -n from unnest(array[1, 7, 30]) as span;
end;

create view rollup.pending_active as
select step.span, step.from_day as day, step.more as n
from rollup.active_deltas d, lateral rollup.steps(d.day, d.gap, d.n) as step
where d.xid >= (select rollup.readable_from());

create view rollup.pending_post_comments as
select post_id, n from rollup.post_comment_deltas where xid >= (select rollup.readable_from());

create view rollup.current_buckets as
select span, bucket, posts, comments, signups, sessions from rollup.counts
union all
select
  span, date_trunc(case span when 'quarter' then 'minute' else span::text end, bucket, 'UTC'),
  case kind when 0 then n else 0 end,
  case kind when 1 then n else 0 end,
  case kind when 2 then n else 0 end,
  case kind when 3 then n else 0 end
from rollup.pending_counts, unnest(enum_range(null::rollup.span)) as span;

create view rollup.current_counts as
select kind, span, bucket, n
from rollup.current_buckets, lateral (values (0, posts), (1, comments), (2, signups), (3, sessions)) as k (kind, n);

create view rollup.current_totals as
select t.kind, (t.n + coalesce(p.n, 0))::bigint as n
from rollup.totals t
left join (select kind, sum(n) as n from rollup.pending_counts group by kind) p using (kind);

create view rollup.current_versions as
select v.kind, v.n + coalesce(p.n, 0) as n
from rollup.versions v
left join (select kind, count(*) as n from rollup.pending_counts group by kind) p using (kind);
--> statement-breakpoint
-- Moves what users did on which days. Locks user_days, then user_activity, each in key order: two
-- statements can wait for each other's rows but never in a circle. Called by triggers, with their rights.
create function rollup.move_user_days(metric text, user_ids bigint[], days date[], counts bigint[])
returns void
language plpgsql
as $$
begin
  if cardinality(user_ids) = 1 then
    perform rollup.move_one_user_day(metric, user_ids[1], days[1], counts[1]);
  elsif user_ids is not null then
    perform rollup.move_many_user_days(metric, user_ids, days, counts);
  end if;
end $$;

-- A day that turns active or idle changes its own reach and that of the active day before it. Most writes are of one
-- row: this costs a third of what the same in sets would.
create function rollup.move_one_user_day(metric text, who bigint, at date, n bigint)
returns void
language plpgsql
as $$
declare
  total bigint;
  turn integer;
  last_day date;
  next_day date;
begin
  insert into rollup.user_days as u (user_id, day, posts, comments, sessions)
  values (
    who, at,
    case metric when 'posts' then n else 0 end,
    case metric when 'comments' then n else 0 end,
    case metric when 'sessions' then n else 0 end
  )
  on conflict (user_id, day) do update set
    posts = u.posts + excluded.posts,
    comments = u.comments + excluded.comments,
    sessions = u.sessions + excluded.sessions
  returning u.posts + u.comments + u.sessions into total;

  if (total > 0) = (total - n > 0) then
    return;
  end if;
  turn := case when total > 0 then 1 else -1 end;

  -- From here on, nobody else changes which days this user was active on.
  insert into rollup.user_activity as a (user_id, days) values (who, turn)
  on conflict (user_id) do update set days = a.days + excluded.days;

  select max(day) into last_day from rollup.user_days where user_id = who and day < at and day >= at - 30;
  select min(day) into next_day from rollup.user_days where user_id = who and day > at and day <= at + 30;

  insert into rollup.active_deltas (day, gap, n) values (at, least(next_day - at, 30), turn);
  if last_day is not null then
    insert into rollup.active_deltas (day, gap, n)
    values (last_day, at - last_day, turn), (last_day, least(next_day - last_day, 30), -turn);
  end if;

  if turn = -1 then
    delete from rollup.user_days where user_id = who and day = at;
  end if;
end $$;

-- The same for any number of days at once.
create function rollup.move_many_user_days(metric text, user_ids bigint[], days date[], counts bigint[])
returns void
language plpgsql
-- Few rows as a rule: planning for them anew would take three times what they take.
set plan_cache_mode = force_generic_plan
as $$
declare
  turned_ids bigint[];
  turned_days date[];
  turns integer[];
begin
  if cardinality(user_ids) > 50 then
    perform set_config('plan_cache_mode', 'force_custom_plan', true);
  end if;

  with moved as (
    insert into rollup.user_days as u (user_id, day, posts, comments, sessions)
    select
      user_id, day,
      case metric when 'posts' then n else 0 end,
      case metric when 'comments' then n else 0 end,
      case metric when 'sessions' then n else 0 end
    from unnest(user_ids, days, counts) as d (user_id, day, n)
    order by user_id, day
    on conflict (user_id, day) do update set
      posts = u.posts + excluded.posts,
      comments = u.comments + excluded.comments,
      sessions = u.sessions + excluded.sessions
    returning u.user_id, u.day, u.posts + u.comments + u.sessions as total
  )
  select array_agg(m.user_id), array_agg(m.day), array_agg(case when m.total > 0 then 1 else -1 end)
  into turned_ids, turned_days, turns
  from moved m
  join unnest(user_ids, days, counts) as d (user_id, day, n) using (user_id, day)
  where (m.total > 0) <> (m.total - d.n > 0);

  if turned_ids is null then
    return;
  end if;

  -- From here on, nobody else changes which days these users were active on.
  insert into rollup.user_activity as a (user_id, days)
  select user_id, sum(turn)
  from unnest(turned_ids, turns) as t (user_id, turn)
  group by user_id
  order by user_id
  on conflict (user_id) do update set days = a.days + excluded.days;

  -- What the reach of each active day near a turned one is now, less what it was.
  insert into rollup.active_deltas (day, gap, n)
  with turned as (
    select user_id, day from unnest(turned_ids, turned_days) as t (user_id, day)
  ),
  near as (
    select
      u.user_id, u.day,
      u.posts + u.comments + u.sessions > 0 as is_active,
      (u.posts + u.comments + u.sessions > 0) <> (t.day is not null) as was_active
    from (select user_id, min(day) as low, max(day) as high from turned group by user_id) r
    join rollup.user_days u on u.user_id = r.user_id and u.day between r.low - 30 and r.high + 30
    left join turned t on t.user_id = u.user_id and t.day = u.day
  ),
  reach as (
    select day, lead(day) over (partition by user_id order by day) as next_day, 1 as n
    from near where is_active
    union all
    select day, lead(day) over (partition by user_id order by day), -1
    from near where was_active
  )
  select day, least(next_day - day, 30), sum(n) from reach group by 1, 2 having sum(n) <> 0;

  if 1 = all (turns) then
    return;
  end if;

  delete from rollup.user_days u
  using unnest(turned_ids, turned_days) as t (user_id, day)
  where u.user_id = t.user_id and u.day = t.day and u.posts + u.comments + u.sessions = 0;
end $$;
--> statement-breakpoint
-- What a statement wrote, as signed rows (+1 for each new row, -1 for each old one), becomes deltas. One template
-- makes the twelve trigger functions; with every row there is as new, it also counts what was here before.
-- A statement that moved no count still leaves a delta of nothing: it makes a new version of the table.
do $do$
declare
  target record;
  source record;
  body text;
begin
  for target in
    select * from (values
      ('posts', 0, 'author_id'),
      ('comments', 1, 'author_id'),
      ('users', 2, null),
      ('sessions', 3, 'user_id')
    ) as t (relation, kind, owner)
  loop
    for source in
      select * from (values
        ('insert', '(select 1 as sign, * from new_rows)'),
        ('delete', '(select -1 as sign, * from old_rows)'),
        ('update', '(select 1 as sign, * from new_rows union all select -1, * from old_rows)'),
        (null, format('(select 1 as sign, * from public.%I)', target.relation))
      ) as s (operation, signed)
    loop
      body := format($sql$
        insert into rollup.count_deltas (kind, bucket, n)
        select %1$s, rollup.quarter(created_at), sum(sign)
        from %2$s as signed where deleted_at is null
        group by 2 having sum(sign) <> 0;

        if not found and exists (select from %2$s as signed) then
          insert into rollup.count_deltas (kind, bucket, n) values (%1$s, rollup.quarter(now()), 0);
        end if;
      $sql$, target.kind, source.signed);

      if target.owner is not null then
        body := body || format($sql$
        perform rollup.move_user_days(%1$L, array_agg(user_id), array_agg(day), array_agg(n))
        from (
          select %2$I as user_id, rollup.utc_day(created_at) as day, sum(sign) as n
          from %3$s as signed where deleted_at is null and %2$I is not null
          group by 1, 2 having sum(sign) <> 0
        ) as moved;
        $sql$, target.relation, target.owner, source.signed);
      end if;

      if target.relation = 'comments' then
        body := body || format($sql$
        insert into rollup.post_comment_deltas (post_id, n)
        select post_id, sum(sign) from %1$s as signed where deleted_at is null
        group by post_id having sum(sign) <> 0;
        $sql$, source.signed);
      end if;

      if source.operation is null then
        execute format('do $body$ begin %s end $body$', body);
        continue;
      end if;

      execute format($sql$
        create function rollup.%1$s_%2$s() returns trigger
        language plpgsql security definer set search_path = pg_catalog, pg_temp
        as $body$ begin %3$s return null; end $body$
      $sql$, target.relation, source.operation, body);

      execute format(
        'create trigger rollup_%2$s after %2$s on public.%1$I referencing %3$s for each statement execute function rollup.%1$s_%2$s()',
        target.relation, source.operation,
        case source.operation
          when 'insert' then 'new table as new_rows'
          when 'delete' then 'old table as old_rows'
          else 'new table as new_rows old table as old_rows'
        end);

      -- A bulk load that has checked its references itself may turn off foreign keys for its session, never the counts.
      execute format('alter table public.%I enable always trigger rollup_%s', target.relation, source.operation);
    end loop;
  end loop;
end $do$;
--> statement-breakpoint
-- Truncating takes back all that the rollups hold of the table. Older snapshots would not see what to take back.
create function rollup.truncated() returns trigger
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  table_kind smallint := tg_argv[0];
begin
  if current_setting('transaction_isolation') <> 'read committed' then
    raise feature_not_supported using
      message = format('truncate %I needs isolation level read committed', tg_table_name);
  end if;

  insert into rollup.count_deltas (kind, bucket, n)
  select table_kind, bucket, -sum(n) from rollup.current_counts
  where kind = table_kind and span = 'quarter'
  group by bucket having sum(n) <> 0;

  if not found then
    insert into rollup.count_deltas (kind, bucket, n) values (table_kind, rollup.quarter(now()), 0);
  end if;

  if tg_table_name <> 'users' then
    perform rollup.move_user_days(tg_table_name::text, array_agg(user_id), array_agg(day), array_agg(-n))
    from (
      select user_id, day,
        case tg_table_name when 'posts' then posts when 'comments' then comments else sessions end::bigint as n
      from rollup.user_days
    ) as held
    where n <> 0;
  end if;

  if tg_table_name = 'comments' then
    insert into rollup.post_comment_deltas (post_id, n)
    select post_id, -sum(n) from (
      select post_id, n from rollup.post_comments
      union all
      select post_id, n from rollup.pending_post_comments
    ) as held
    group by post_id having sum(n) <> 0;
  end if;

  return null;
end $$;

create trigger rollup_truncate after truncate on public.posts for each statement execute function rollup.truncated('0');
create trigger rollup_truncate after truncate on public.comments for each statement execute function rollup.truncated('1');
create trigger rollup_truncate after truncate on public.users for each statement execute function rollup.truncated('2');
create trigger rollup_truncate after truncate on public.sessions for each statement execute function rollup.truncated('3');
--> statement-breakpoint
-- Moves every delta visible now into the counts and returns how many; 0 while another fold is at work.
-- One statement, so that every snapshot sees each delta either pending or folded.
create function rollup.fold() returns bigint
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  folded bigint;
begin
  if not pg_try_advisory_xact_lock(hashtextextended('rollup.fold', 0)) then
    return 0;
  end if;

  with mark as materialized (
    select pg_snapshot_xmin(pg_current_snapshot()) as xid, rollup.readable_from() as readable_from
  ),
  taken as (
    delete from rollup.count_deltas where xid >= (select readable_from from mark) returning kind, bucket, n
  ),
  counted as (
    insert into rollup.counts as c (span, bucket, posts, comments, signups, sessions)
    select span, date_trunc(case span when 'quarter' then 'minute' else span::text end, bucket, 'UTC'),
      coalesce(sum(n) filter (where kind = 0), 0),
      coalesce(sum(n) filter (where kind = 1), 0),
      coalesce(sum(n) filter (where kind = 2), 0),
      coalesce(sum(n) filter (where kind = 3), 0)
    from taken, unnest(enum_range(null::rollup.span)) as span
    where n <> 0
    group by 1, 2
    order by 1, 2
    on conflict (span, bucket) do update set
      posts = c.posts + excluded.posts,
      comments = c.comments + excluded.comments,
      signups = c.signups + excluded.signups,
      sessions = c.sessions + excluded.sessions
  ),
  versioned as (
    update rollup.versions v set n = v.n + t.n
    from (select kind, count(*) as n from taken group by kind) t where t.kind = v.kind
  ),
  totalled as (
    update rollup.totals o set n = o.n + t.n
    from (select kind, sum(n) as n from taken group by kind having sum(n) <> 0) t where t.kind = o.kind
  ),
  stepped as (
    delete from rollup.active_deltas where xid >= (select readable_from from mark) returning day, gap, n
  ),
  levels as (
    select span, day, lead(day) over w as until, sum(n) over w as n
    from (
      select step.span, step.from_day as day, sum(step.more) as n
      from (select day, gap, sum(n)::bigint as n from stepped group by day, gap) as reach,
        lateral rollup.steps(reach.day, reach.gap, reach.n) as step
      group by 1, 2 having sum(step.more) <> 0
    ) as steps
    window w as (partition by span order by day)
  ),
  active as (
    insert into rollup.active_users as a (day, daily, weekly, monthly)
    select d::date,
      coalesce(sum(n) filter (where span = 1), 0),
      coalesce(sum(n) filter (where span = 7), 0),
      coalesce(sum(n) filter (where span = 30), 0)
    from levels, generate_series(day, until - 1, interval '1 day') as d
    where n <> 0
    group by 1
    order by 1
    on conflict (day) do update set
      daily = a.daily + excluded.daily,
      weekly = a.weekly + excluded.weekly,
      monthly = a.monthly + excluded.monthly
  ),
  commented as (
    delete from rollup.post_comment_deltas where xid >= (select readable_from from mark) returning post_id, n
  ),
  discussed as (
    insert into rollup.post_comments as p (post_id, n)
    select post_id, sum(n) from commented group by post_id having sum(n) <> 0
    order by post_id
    on conflict (post_id) do update set n = p.n + excluded.n
  ),
  marked as (
    update rollup.watermark w set xid = mark.xid from mark where exists (select from taken)
  )
  select count(*) into folded from taken;

  return folded;
end $$;
