-- Rollups, second design. A trigger appends one delta for each row written and does nothing else: no lock, no read, no
-- conflict, at any isolation level. The fold alone moves deltas into counts. Reads add what is pending in their snapshot.

-- The present rollups come to rest: no writer is under way, nothing is pending. From here on it takes milliseconds.
lock table public.users, public.posts, public.comments, public.sessions in share row exclusive mode;
do $$
begin
  perform pg_advisory_xact_lock(hashtextextended('rollup.fold', 0));
  -- A watermark of another cluster, two of them or none: then nothing was ever skipped.
  delete from rollup.watermark;
  insert into rollup.watermark values ('0');
  perform rollup.fold();
end $$;
--> statement-breakpoint
do $$
declare
  one record;
begin
  for one in
    select tgname, tgrelid::regclass as relation from pg_trigger where tgfoid::regproc::text like 'rollup.%' and not tgisinternal
  loop
    execute format('drop trigger %I on %s', one.tgname, one.relation);
  end loop;
end $$;
drop view rollup.current_versions, rollup.current_totals, rollup.current_counts, rollup.current_buckets,
  rollup.pending_post_comments, rollup.pending_active, rollup.pending_counts;
do $$
declare
  one regprocedure;
begin
  for one in
    select oid from pg_proc where pronamespace = 'rollup'::regnamespace
      and proname not in ('quarter', 'utc_day', 'steps')
  loop
    execute format('drop function %s', one);
  end loop;
end $$;
drop table rollup.count_deltas, rollup.active_deltas, rollup.post_comment_deltas, rollup.user_activity, rollup.watermark;
--> statement-breakpoint
-- One row per row written: what it was (n = -1), what it is (n = 1), or that it was touched (n = 0).
create table rollup.deltas (
  xid xid8 not null default pg_current_xact_id(),
  created_at timestamptz not null,
  id bigint not null,
  user_id bigint,
  post_id bigint,
  kind smallint not null,
  n smallint not null
);
create index deltas_xid on rollup.deltas (xid);
alter table rollup.deltas replica identity full;
alter table rollup.deltas set (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 5000, autovacuum_vacuum_insert_threshold = -1);

-- What the last fold saw: every delta of a transaction below `seen_below` is folded, but for those in `except_for`. Transaction ids
-- belong to one cluster: in a restored copy the row is in another table and of another xmin than written, and nothing is skipped.
create table rollup.mark (
  one boolean primary key default true check (one),
  seen_below xid8 not null,
  except_for xid8[] not null,
  written_by xid8 not null,
  written_to oid not null
);
insert into rollup.mark values (true, '0', '{}', '0', 0);
-- Whoever folds holds it: a lock that takes rights, unlike an advisory one.
create table rollup.folding (nothing boolean);

-- The mark a fold leaves: what its snapshot sees, but for what is under way, itself included.
create view rollup.next_mark as
select true as one, pg_snapshot_xmax(seen) as seen_below,
  array(select x from (select pg_snapshot_xip(seen) union select pg_current_xact_id()) as own (x) where x < pg_snapshot_xmax(seen)) as except_for,
  pg_current_xact_id() as written_by, 'rollup.mark'::regclass::oid as written_to
from pg_current_snapshot() as seen;

-- Of a transaction still under way nothing can be seen but by itself: a long one costs its neighbours nothing. `mark.one`
-- leads through the index: no plan has to scan a table where scans are off.
create view rollup.valid_mark as
select seen_below, array(
    select x from unnest(except_for) as x
    where pg_visible_in_snapshot(x, pg_current_snapshot()) or x = pg_current_xact_id_if_assigned()
  ) as except_for
from rollup.mark where mark.one and mark.xmin = xid(written_by) and mark.tableoid = written_to;

-- `offset 0` here and below: one look-up by key per row, whatever the planner thinks there is. It would merge with all that is
-- folded and not yet vacuumed.
create view rollup.pending as
select xid, created_at, id, user_id, post_id, kind, n from rollup.deltas
where xid >= coalesce((select seen_below from rollup.valid_mark), '0')
union all
select d.xid, created_at, id, user_id, post_id, kind, n
from unnest((select except_for from rollup.valid_mark)) as x, lateral (select * from rollup.deltas d where d.xid = x offset 0) as d;
--> statement-breakpoint
-- The trigger functions run with their owner's rights, and without a search path of their own, which would cost as
-- much as they do: so they name schemas and operators in full, and do nothing on any table but theirs. One for each event:
-- what need not be asked costs nothing. After `rollup_update` the row counts elsewhere; after `rollup_touch` only the table's
-- version moves. Truncating takes every row back, under its lock; a snapshot older than that would not see them all.
do $$
declare
  t record;
  e record;
  was text;
  is_now text;
  moved text;
begin
  for t in
    select * from (values
      ('posts', 0, 'author_id', null), ('comments', 1, 'author_id', 'post_id'), ('users', 2, null, null), ('sessions', 3, 'user_id', null)
    ) as t (relation, kind, owner, post)
  loop
    -- as they go into (kind, n, created_at, id, user_id, post_id)
    was := format('%s, case when old.deleted_at is null then -1 else 0 end, old.created_at, old.id, %s, %s', t.kind,
      coalesce('old.' || t.owner, 'null'), coalesce('old.' || t.post, 'null'));
    is_now := format('%s, case when new.deleted_at is null then 1 else 0 end, new.created_at, new.id, %s, %s', t.kind,
      coalesce('new.' || t.owner, 'null'), coalesce('new.' || t.post, 'null'));
    moved := format('(%s, old.deleted_at is null) is distinct from (%s, new.deleted_at is null)',
      concat_ws(', ', 'old.created_at', 'old.id', 'old.' || t.owner, 'old.' || t.post),
      concat_ws(', ', 'new.created_at', 'new.id', 'new.' || t.owner, 'new.' || t.post));

    for e in
      select * from (values
        ('insert', format('values (%s)', is_now)),
        ('delete', format('values (%s)', was)),
        ('update', format('values (%s), (%s)', was, is_now)),
        ('touch', format('values (%s, 0, new.created_at, new.id, null, null)', t.kind))
      ) as e (name, deltas)
    loop
      execute format($sql$
        create function rollup.%1$s_%2$s() returns trigger language plpgsql security definer as $body$
begin
  if tg_relid operator(pg_catalog.<>) 'public.%1$s'::pg_catalog.regclass then
    raise insufficient_privilege using message = 'rollup.%1$s_%2$s belongs to public.%1$s';
  end if;
  insert into rollup.deltas (kind, n, created_at, id, user_id, post_id) %3$s;
  return null;
end $body$
      $sql$, t.relation, e.name, e.deltas);
    end loop;

    execute format($sql$
      create function rollup.%1$s_truncate() returns trigger language plpgsql security definer set search_path = pg_catalog, pg_temp as $body$
begin
  if tg_relid <> 'public.%1$s'::regclass then
    raise insufficient_privilege using message = 'rollup.%1$s_truncate belongs to public.%1$s';
  elsif current_setting('transaction_isolation') <> 'read committed' then
    raise feature_not_supported using message = 'truncate %1$s needs isolation level read committed';
  end if;
  insert into rollup.deltas (kind, n, created_at, id) values (%2$s, 0, now(), 0);
  insert into rollup.deltas (kind, n, created_at, id, user_id, post_id)
  select %2$s, -1, created_at, id, %3$s, %4$s from only public.%1$s where deleted_at is null;
  return null;
end $body$
    $sql$, t.relation, t.kind, coalesce(t.owner, 'null'), coalesce(t.post, 'null'));

    -- A bulk command that appends its rows' deltas itself says so; only who may turn triggers off altogether is believed.
    execute format($sql$
      create trigger rollup_insert after insert on public.%1$s for each row
        when (current_setting('session_replication_role') <> 'replica' or current_setting('rollup.loading', true) is distinct from 'on')
        execute function rollup.%1$s_insert();
      create trigger rollup_delete after delete on public.%1$s for each row execute function rollup.%1$s_delete();
      create trigger rollup_update after update on public.%1$s for each row when (%2$s) execute function rollup.%1$s_update();
      create trigger rollup_touch after update on public.%1$s for each row when (not (%2$s)) execute function rollup.%1$s_touch();
      create trigger rollup_truncate before truncate on public.%1$s for each statement execute function rollup.%1$s_truncate();
      alter table public.%1$s enable always trigger rollup_insert, enable always trigger rollup_delete,
        enable always trigger rollup_update, enable always trigger rollup_touch, enable always trigger rollup_truncate;
    $sql$, t.relation, moved);
  end loop;
end $$;
--> statement-breakpoint
create view rollup.pending_counts as
select kind, rollup.quarter(created_at) as bucket, n::bigint as n from rollup.pending where n <> 0;

create view rollup.pending_post_comments as
select post_id, n::bigint as n from rollup.pending where kind = 1 and n <> 0;

-- What users did on which days, not folded yet.
create view rollup.pending_user_days as
select user_id, rollup.utc_day(created_at) as day,
  coalesce(sum(n) filter (where kind = 0), 0)::integer as posts,
  coalesce(sum(n) filter (where kind = 1), 0)::integer as comments,
  coalesce(sum(n) filter (where kind = 3), 0)::integer as sessions
from rollup.pending where user_id is not null and n <> 0
group by 1, 2
having (coalesce(sum(n) filter (where kind = 0), 0), coalesce(sum(n) filter (where kind = 1), 0), coalesce(sum(n) filter (where kind = 3), 0)) <> (0, 0, 0);

-- A day may stand in two rows: sum them.
create view rollup.current_user_days as
select user_id, day, posts, comments, sessions from rollup.user_days
union all
select user_id, day, posts, comments, sessions from rollup.pending_user_days;

-- The days that turn active (+1) or idle (-1) by it.
create view rollup.pending_turns as
select user_id, day, case when before = 0 then 1 else -1 end as turn
from rollup.pending_user_days as p, lateral (
  select coalesce(sum(u.posts + u.comments + u.sessions), 0) as before
  from rollup.user_days u where u.user_id = p.user_id and u.day = p.day offset 0
) as folded
where (before > 0) <> (before + posts + comments + sessions > 0);

-- A user is active within s days of x when their last active day up to x is less than s days back. So an active day
-- reaches s days far, or to the user's next one. What turned days change: their own reach, and that of the active day before.
create view rollup.pending_active as
with turned as materialized (select user_id, day, turn from rollup.pending_turns),
near as (
  select user_id, day, true as was_active,
    not exists (select from turned t where t.user_id = r.user_id and t.day = u.day) as is_active
  from (select user_id, min(day) as low, max(day) as high from turned group by user_id) as r, lateral (
    select day from rollup.user_days d
    where d.user_id = r.user_id and day between r.low - 30 and r.high + 30 and d.posts + d.comments + d.sessions > 0 offset 0
  ) as u
  union all
  select user_id, day, false, true from turned where turn = 1
),
reach as (
  select day, lead(day) over (partition by user_id order by day) as next_day, 1 as n from near where is_active
  union all
  select day, lead(day) over (partition by user_id order by day), -1 from near where was_active
),
gaps as (select day, least(next_day - day, 30) as gap, sum(n)::bigint as n from reach group by 1, 2 having sum(n) <> 0)
select step.span, step.from_day as day, step.more as n
from gaps, lateral rollup.steps(gaps.day, gaps.gap, gaps.n) as step;

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

-- Rows written are versions: each left a delta.
create view rollup.current_versions as
select v.kind, v.n + coalesce(p.n, 0) as n
from rollup.versions v
left join (select kind, count(*) as n from rollup.pending group by kind) p using (kind);
--> statement-breakpoint
-- Crowds: a quarter-hour that holds thousands of rows of a kind is cut into segments, so that a jump or a bound inside it
-- reads one of them. `(created_at, id)` is where a segment begins; it ends where the next one does, or with its quarter-hour.
create table rollup.segments (
  kind smallint not null,
  bucket timestamptz not null,
  created_at timestamptz not null,
  id bigint not null,
  n bigint not null,
  primary key (kind, bucket, created_at, id)
);

-- Crowds older than segments: the fold cuts them a few at a time.
create table rollup.undivided (bucket timestamptz primary key);
insert into rollup.undivided
select bucket from rollup.counts where span = 'quarter' and greatest(posts, comments, signups, sessions) > 2000;

create function rollup.crowd_size() returns integer language sql immutable parallel safe return 2000;

create function rollup.table_of(kind integer) returns regclass
language sql stable
return case kind when 0 then 'public.posts' when 1 then 'public.comments' when 2 then 'public.users' else 'public.sessions' end::regclass;

-- Cuts what has grown past twice the size, and lets go of what is no crowd any more. A row counts where it is folded:
-- the live rows of this snapshot less those pending in it.
create function rollup.divide(buckets timestamptz[]) returns void
language plpgsql security definer set search_path = pg_catalog, pg_temp
as $$
declare
  crowd record;
  segment record;
begin
  for crowd in
    select c.bucket, k.kind, k.n from rollup.counts c, lateral (values (0, posts), (1, comments), (2, signups), (3, sessions)) as k (kind, n)
    where c.span = 'quarter' and c.bucket = any (buckets)
  loop
    if crowd.n <= rollup.crowd_size() then
      delete from rollup.segments s where s.kind = crowd.kind and s.bucket = crowd.bucket and crowd.n <= rollup.crowd_size() / 2;
      continue;
    end if;
    insert into rollup.segments (kind, bucket, created_at, id, n)
    select crowd.kind, crowd.bucket, crowd.bucket, -9223372036854775808, crowd.n
    where not exists (select from rollup.segments s where s.kind = crowd.kind and s.bucket = crowd.bucket);

    for segment in
      select *, lead(s.created_at, 1, s.bucket + interval '15 minutes') over w as until, lead(s.id, 1, -9223372036854775808) over w as until_id
      from rollup.segments s where s.kind = crowd.kind and s.bucket = crowd.bucket
      window w as (order by s.created_at, s.id)
    loop
      continue when segment.n <= 2 * rollup.crowd_size();
      execute format($sql$
        with cut as (
          select created_at, id, (row_number() over (order by created_at, id) - 1) / $7 as piece
          from only %s
          where deleted_at is null and (created_at, id) >= ($3, $4) and (created_at, id) < ($5, $6)
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
            select sum(p.n) from rollup.pending p
            where p.kind = $1 and (p.created_at, p.id) >= (b.created_at, b.id) and (p.created_at, p.id) < (b.until, b.until_id)), 0) as n
          from bounds b
        )
        insert into rollup.segments as s (kind, bucket, created_at, id, n)
        select $1, $2, created_at, id, n from folded
        on conflict (kind, bucket, created_at, id) do update set n = excluded.n
      $sql$, rollup.table_of(crowd.kind))
      using crowd.kind, crowd.bucket, segment.created_at, segment.id, segment.until, segment.until_id, rollup.crowd_size();
    end loop;
  end loop;
end $$;

-- The live rows of a kind in a quarter-hour at `(at, at_id)` or later: whole segments, and a count inside one.
create function rollup.crowd_since(of_kind integer, of_bucket timestamptz, at timestamptz, at_id bigint) returns bigint
language plpgsql stable
as $$
declare
  whole bigint;
  first_at timestamptz;
  first_id bigint;
  part bigint;
begin
  select s.created_at, s.id into first_at, first_id from rollup.segments s
  where s.kind = of_kind and s.bucket = of_bucket and (s.created_at, s.id) >= (at, at_id)
  order by s.created_at, s.id limit 1;
  if found then
    select coalesce(sum(s.n), 0) into whole from rollup.segments s
    where s.kind = of_kind and s.bucket = of_bucket and (s.created_at, s.id) >= (first_at, first_id);
    select whole + coalesce(sum(p.n), 0) into whole from rollup.pending p
    where p.kind = of_kind and p.created_at < of_bucket + interval '15 minutes' and (p.created_at, p.id) >= (first_at, first_id);
  else
    first_at := of_bucket + interval '15 minutes';
    first_id := -9223372036854775808;
    whole := 0;
  end if;
  execute format('select count(*) from only %s where deleted_at is null and (created_at, id) >= ($1, $2) and (created_at, id) < ($3, $4)',
    rollup.table_of(of_kind)) into part using at, at_id, first_at, first_id;
  return whole + part;
end $$;

-- Going down a crowded quarter-hour of these kinds: a position no further than `skip` rows from its top and near there, and the
-- rows left to skip from it. Feed order: created_at desc, kind, id desc; what lies beyond the position is still to come.
create function rollup.crowd_position(kinds smallint[], of_bucket timestamptz, skip bigint, out at timestamptz, out kind smallint, out id bigint, out rest bigint)
language plpgsql stable
as $$
declare
  each smallint;
  above bigint := 0;
begin
  with parts as (
    select s.kind, s.created_at, s.id, s.n,
      lead(s.created_at, 1, of_bucket + interval '15 minutes') over w as until, lead(s.id, 1, -9223372036854775808) over w as until_id
    from rollup.segments s where s.kind = any (kinds) and s.bucket = of_bucket
    window w as (partition by s.kind order by s.created_at, s.id)
  ),
  events as (
    -- rows that may lie above: a whole segment from where it ends, a kind without segments and what is pending from the top
    select until as at, parts.kind, until_id as id, n, false as is_bound from parts
    union all
    select of_bucket + interval '15 minutes', 0, 0, case k when 0 then posts when 1 then comments when 2 then signups else sessions end, false
    from rollup.counts c, unnest(kinds) as k
    where c.span = 'quarter' and c.bucket = of_bucket and not exists (select from parts where parts.kind = k)
    union all
    select of_bucket + interval '15 minutes', 0, 0, greatest(p.n, 0), false from rollup.pending p
    where p.kind = any (kinds) and p.created_at >= of_bucket and p.created_at < of_bucket + interval '15 minutes'
    union all
    select created_at, parts.kind, parts.id, 0, true from parts
  ),
  reached as (
    select e.at, e.kind, e.id, is_bound,
      sum(n) over (order by e.at desc, e.kind, e.id desc, is_bound desc rows unbounded preceding) as most
    from events e
  )
  select r.at, r.kind, r.id into crowd_position.at, crowd_position.kind, crowd_position.id from reached r
  where is_bound and most <= skip
  order by most desc, r.at, r.kind desc, r.id limit 1;
  if not found then
    at := of_bucket + interval '15 minutes'; kind := 3; id := -9223372036854775808; rest := skip;
    return;
  end if;
  foreach each in array kinds loop
    above := above + rollup.crowd_since(each, of_bucket, at,
      case when each = kind then id when each < kind then -9223372036854775808 else 9223372036854775807 end);
  end loop;
  rest := skip - above;
end $$;
--> statement-breakpoint
-- Moves every delta visible now into the rollups and returns how many; 0 while another fold is at work. One statement,
-- so that every snapshot sees each delta either pending or folded; what its views call pending is what it takes.
create function rollup.fold() returns bigint
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
    returning created_at, id, post_id, kind, n
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
  ),
  versioned as (
    update rollup.versions v set n = v.n + t.n
    from (select kind, count(*) as n from taken group by kind) t where t.kind = v.kind
  ),
  totalled as (
    update rollup.totals o set n = o.n + t.n
    from (select kind, sum(n) as n from taken group by kind having sum(n) <> 0) t where t.kind = o.kind
  ),
  discussed as (
    insert into rollup.post_comments as p (post_id, n)
    select post_id, sum(n) from taken where kind = 1 group by post_id having sum(n) <> 0
    order by post_id
    on conflict (post_id) do update set n = p.n + excluded.n
  ),
  days as materialized (
    select p.user_id, p.day, p.posts, p.comments, p.sessions, u.place,
      (p.posts + coalesce(u.posts, 0), p.comments + coalesce(u.comments, 0), p.sessions + coalesce(u.sessions, 0)) = (0, 0, 0) as is_idle
    from rollup.pending_user_days p left join lateral (
      select u.ctid as place, u.* from rollup.user_days u where u.user_id = p.user_id and u.day = p.day offset 0
    ) as u on true
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
  levels as (
    select span, day, lead(day) over w as until, sum(n) over w as n
    from (select span, day, sum(n) as n from rollup.pending_active group by span, day having sum(n) <> 0) as steps
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
    select array_agg(bucket) from counted
    where span = 'quarter' and (most > rollup.crowd_size() or exists (select from rollup.segments s where s.bucket = counted.bucket))
  ) into folded, crowded from taken;

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
-- Recounts one rollup from the live rows of this snapshot and mends what differs; how many entries that was. Called once for
-- each, in one repeatable read transaction, the deltas last: so that what this snapshot sees pending is what it leaves out.
create function rollup.rebuild(which text) returns bigint
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
      select rollup.quarter(created_at) as bucket, 0 as kind, count(*) as n from public.posts where deleted_at is null group by 1
      union all select rollup.quarter(created_at), 1, count(*) from public.comments where deleted_at is null group by 1
      union all select rollup.quarter(created_at), 2, count(*) from public.users where deleted_at is null group by 1
      union all select rollup.quarter(created_at), 3, count(*) from public.sessions where deleted_at is null group by 1
    ),
    expected as materialized (
      select span, date_trunc(case span when 'quarter' then 'minute' else span::text end, bucket, 'UTC') as bucket,
        coalesce(sum(n) filter (where kind = 0), 0) as posts, coalesce(sum(n) filter (where kind = 1), 0) as comments,
        coalesce(sum(n) filter (where kind = 2), 0) as signups, coalesce(sum(n) filter (where kind = 3), 0) as sessions
      from live, unnest(enum_range(null::rollup.span)) as span group by 1, 2
    ),
    put as (
      insert into rollup.counts (span, bucket, posts, comments, signups, sessions)
      select e.* from expected e left join rollup.counts c using (span, bucket)
      where (c.posts, c.comments, c.signups, c.sessions) is distinct from (e.posts, e.comments, e.signups, e.sessions)
      on conflict (span, bucket) do update set
        posts = excluded.posts, comments = excluded.comments, signups = excluded.signups, sessions = excluded.sessions
      returning 1
    ),
    gone as (
      delete from rollup.counts c where not exists (select from expected e where e.span = c.span and e.bucket = c.bucket)
      returning (posts, comments, signups, sessions) <> (0, 0, 0, 0) as counted
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
      select post_id, count(*) as n from public.comments where deleted_at is null group by post_id
    ),
    put as (
      insert into rollup.post_comments (post_id, n)
      select e.* from expected e left join rollup.post_comments p using (post_id) where p.n is distinct from e.n
      on conflict (post_id) do update set n = excluded.n returning 1
    ),
    gone as (
      delete from rollup.post_comments p where not exists (select from expected e where e.post_id = p.post_id) returning n <> 0 as counted
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
-- Rollups are written by the functions above alone: rows that a restore or a hand brings would be counted twice. They are known by
-- their search path: to set a parameter of one's own, a function needs a superuser for its owner.
create function rollup.written_by_fold_alone() returns trigger
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
  name text;
begin
  foreach name in array array['counts', 'totals', 'versions', 'user_days', 'active_users', 'post_comments', 'segments', 'undivided', 'mark'] loop
    execute format('create trigger guard before insert or update or delete or truncate on rollup.%I for each statement execute function rollup.written_by_fold_alone()', name);
  end loop;
end $$;
-- Deltas come from triggers, and from bulk commands, whose sessions (replica) fire no guard.
create trigger guard before insert on rollup.deltas for each statement
  when (pg_trigger_depth() = 0) execute function rollup.written_by_fold_alone();

-- The triggers as they were made here: `shopboard verify` compares. A restore writes other parentheses and spaces.
create view rollup.triggers as
select case when n.nspname = 'public' then c.relname else n.nspname || '.' || c.relname end as relation, t.tgname::text as name,
  translate(pg_get_triggerdef(t.oid), '() ', '') as definition, p.prosrc as source, t.tgenabled as enabled,
  has_function_privilege('public', p.oid, 'execute') as is_public, p.prosecdef as is_definers
from pg_trigger t join pg_class c on c.oid = t.tgrelid join pg_namespace n on n.oid = c.relnamespace join pg_proc p on p.oid = t.tgfoid
where p.pronamespace = 'rollup'::regnamespace and p.proname <> 'written_by_fold_alone' and not t.tgisinternal;

create table rollup.installed (relation text not null, name text not null, definition text not null, source text not null, primary key (relation, name));

create view rollup.trigger_faults as
select relation, name, case
    when t.name is null then 'is missing'
    when i.name is null then 'should not be there'
    when t.enabled = 'D' then 'is disabled'
    when t.enabled <> 'A' then 'does not fire always'
    when t.is_public then 'has a function that anyone may execute'
    else 'is not as it was made'
  end as fault
from rollup.installed i full join rollup.triggers t using (relation, name)
where (t.definition, t.source, t.enabled, t.is_public, t.is_definers)
  is distinct from (i.definition, i.source, case when i.name is not null then 'A'::"char" end, false, true)
union all
select 'rollup', proname, 'may be executed by anyone' from pg_proc
where pronamespace = 'rollup'::regnamespace and prosecdef and prorettype <> 'trigger'::regtype and has_function_privilege('public', oid, 'execute')
union all
select 'rollup.' || c.relname, 'guard', 'is missing or disabled' from pg_class c
where c.oid in ('rollup.counts'::regclass, 'rollup.totals'::regclass, 'rollup.versions'::regclass, 'rollup.user_days'::regclass, 'rollup.active_users'::regclass,
    'rollup.post_comments'::regclass, 'rollup.segments'::regclass, 'rollup.undivided'::regclass, 'rollup.mark'::regclass)
  and not exists (select from pg_trigger t where t.tgrelid = c.oid and t.tgname = 'guard' and t.tgenabled <> 'D');
--> statement-breakpoint
revoke execute on all functions in schema rollup from public;
grant execute on function rollup.crowd_size(), rollup.table_of(integer), rollup.crowd_since(integer, timestamptz, timestamptz, bigint),
  rollup.crowd_position(smallint[], timestamptz, bigint), rollup.quarter(timestamptz), rollup.utc_day(timestamptz), rollup.steps(date, integer, bigint) to public;

insert into rollup.installed select relation, name, definition, source from rollup.triggers;
