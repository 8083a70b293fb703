-- A bulk command's rows: with the triggers silent they leave no delta. What refers to nothing but rows of the same
-- transaction is summed up here, since nobody else can write for it before the commit; the rest is appended as deltas.

-- A fold as the last thing a transaction does: it waits for its turn, and what the transaction appended is not looked at again.
create function rollup.fold_last() returns bigint
language plpgsql security definer set search_path = pg_catalog, pg_temp
as $$
declare
  own bigint := pg_current_xact_id()::text;
  folded bigint;
begin
  lock table rollup.folding in exclusive mode;
  folded := rollup.fold();
  -- Those between the snapshot's end and this transaction are under way, or were when the snapshot was taken.
  update rollup.mark set
    seen_below = greatest(seen_below, (own + 1)::text::xid8),
    except_for = array(
      select x from unnest(except_for) as x where x <> own::text::xid8
      union
      select x::text::xid8 from generate_series(seen_below::text::bigint, own - 1) as x
    )
  where mark.xmin = own::text::xid8::xid;
  return folded;
end $$;

-- After the inserts: `own_users` and `own_posts` are queries for the ids inserted. One that the rollups know from an earlier
-- life is left to the fold: another's fold may have its row.
create function rollup.load_begin(own_users text, own_posts text) returns void
language plpgsql set search_path = pg_catalog, pg_temp
as $$
begin
  create temp table loaded_quarters (kind integer, bucket timestamptz, rows bigint, n bigint) on commit drop;
  create temp table loaded_days (user_id bigint, day date, kind integer, n integer) on commit drop;
  execute format(
    'create temp table loaded_users on commit drop as select id from (%s) as o
     where not exists (select from rollup.user_days d where d.user_id = o.id) and not exists (select from rollup.pending p where p.user_id = o.id)',
    own_users);
  execute format(
    'create temp table loaded_posts on commit drop as select id from (%s) as o
     where not exists (select from rollup.post_comments c where c.post_id = o.id) and not exists (select from rollup.pending p where p.post_id = o.id)',
    own_posts);
  analyze pg_temp.loaded_users, pg_temp.loaded_posts;
end $$;

-- Counts the rows of a kind, given by a query for id, created_at, user_id, post_id and is_live; once for each kind.
create function rollup.load(of_kind integer, rows text) returns void
language plpgsql set search_path = pg_catalog, pg_temp
as $$
declare
  referring text := format(
    'select r.*, (user_id is null or u.id is not null) and (post_id is null or p.id is not null) as is_own
     from (%s) as r left join pg_temp.loaded_users as u on u.id = user_id left join pg_temp.loaded_posts as p on p.id = post_id', rows);
  appended bigint;
begin
  execute format(
    'insert into rollup.deltas (kind, n, created_at, id, user_id, post_id)
     select %s, is_live::integer, created_at, id, user_id, post_id from (%s) as r where not is_own', of_kind, referring);
  get diagnostics appended = row_count;
  if appended > 0 then
    rows := format('select * from (%s) as r where is_own', referring);
  end if;

  execute format(
    'insert into pg_temp.loaded_quarters
     select %s, rollup.quarter(created_at), count(*), count(*) filter (where is_live) from (%s) as r group by 2', of_kind, rows);
  if of_kind = 1 then
    execute format(
      'insert into rollup.post_comments (post_id, n)
       select post_id, count(*) from (%s) as r where is_live group by post_id order by post_id', rows);
  end if;
  if of_kind <> 2 then
    execute format(
      'insert into pg_temp.loaded_days
       select user_id, rollup.utc_day(created_at), %s, count(*) from (%s) as r where is_live and user_id is not null group by 1, 2',
      of_kind, rows);
  end if;
end $$;

-- What the loaded rows make of the days of the transaction's own users; after the last rollup.load().
create function rollup.load_days() returns void
language plpgsql set search_path = pg_catalog, pg_temp
as $$
begin
  analyze pg_temp.loaded_days;
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

-- The end of a bulk command's transaction: it may append nothing after it. Only what others' writes count in as well is left,
-- so that their folds stand still for a moment only.
create function rollup.load_last() returns void
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
    insert into rollup.counts as c (span, bucket, posts, comments, signups, sessions)
    select span, date_trunc(case span when 'quarter' then 'minute' else span::text end, bucket, 'UTC'),
      coalesce(sum(n) filter (where kind = 0), 0), coalesce(sum(n) filter (where kind = 1), 0),
      coalesce(sum(n) filter (where kind = 2), 0), coalesce(sum(n) filter (where kind = 3), 0)
    from pg_temp.loaded_quarters, unnest(enum_range(null::rollup.span)) as span
    where n > 0 group by 1, 2 order by 1, 2
    on conflict (span, bucket) do update set
      posts = c.posts + excluded.posts, comments = c.comments + excluded.comments,
      signups = c.signups + excluded.signups, sessions = c.sessions + excluded.sessions
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
  delete from rollup.segments s using pg_temp.loaded_quarters q where q.kind = s.kind and q.bucket = s.bucket and q.n > 0;
  if cardinality(crowded) > 0 then
    perform rollup.divide(crowded);
  end if;
end $$;
--> statement-breakpoint
revoke execute on function rollup.fold_last(), rollup.load_begin(text, text), rollup.load(integer, text),
  rollup.load_days(), rollup.load_last() from public;
