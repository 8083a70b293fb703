-- Positions inside a crowd, found by its segments alone: no row is counted on the way, and no more than a segment's are passed over.
create or replace function rollup.crowd_size() returns integer language sql immutable parallel safe return 1000;

drop function rollup.crowd_position(smallint[], timestamptz, bigint), rollup.crowd_since(integer, timestamptz, timestamptz, bigint);

-- Where whole segments begin in a quarter-hour at `since` or later, for each kind, and how many live rows lie there or later. Where
-- none does, that is the quarter-hour's end.
create function rollup.crowd_since(kinds smallint[], of_bucket timestamptz, since timestamptz)
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
        select coalesce(sum(p.n), 0) from rollup.pending as p
        where p.kind = k and p.created_at < of_bucket + interval '15 minutes' and (p.created_at, p.id) >= (first.created_at, first.id)
      ) as n
    from rollup.segments as first
    where first.kind = k and first.bucket = of_bucket and first.created_at >= since
    order by first.created_at, first.id limit 1
  ) as s on true;
end $$;

-- Going up a quarter-hour of these kinds from its bottom, against the feed's order (created_at desc, kind, id desc): where to begin with
-- each kind, and the rows of them all that then are left of the `lowest` ones. Whatever a segment may hold of what lies below a
-- position is taken to lie there, a kind without segments and a pending row are where they begin.
create function rollup.crowd_position(kinds smallint[], of_bucket timestamptz, lowest bigint)
returns table (kind smallint, at timestamptz, id bigint, rest bigint)
language plpgsql stable rows 4
as $$
#variable_conflict use_column
begin
  return query
  with pending as materialized (
    select p.kind, p.created_at, p.id, p.n::bigint as n from rollup.pending as p
    where p.kind = any (kinds) and p.created_at >= of_bucket and p.created_at < of_bucket + interval '15 minutes' and p.n <> 0
  ),
  reached as (
    select e.*, sum(e.n) over (order by e.at, e.kind desc, e.id, e.n desc rows unbounded preceding) as most
    from (
      select s.kind, s.created_at as at, s.id, s.n from rollup.segments as s where s.kind = any (kinds) and s.bucket = of_bucket
      union all
      select * from pending
      union all
      select k, of_bucket, -9223372036854775808, case k when 0 then posts when 1 then comments when 2 then signups else sessions end
      from rollup.counts as c, unnest(kinds) as k
      where c.span = 'quarter' and c.bucket = of_bucket
        and not exists (select from rollup.segments as s where s.kind = k and s.bucket = of_bucket)
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
