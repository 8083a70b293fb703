-- What Shopboard itself works with stands in a schema of its own; drizzle-kit looks at public alone.
create schema shopboard;
--> statement-breakpoint
-- Who changed what, when: written in the transaction of the change. A month to a partition, so that old ones go whole; a row of a
-- month that has none yet goes to the default.
create table shopboard.audit_log (
  id bigint generated always as identity,
  at timestamptz not null default now(),
  -- key:12, jwt:subject, anyone, job:erase_user
  actor text not null,
  action text not null,
  table_name text not null,
  row_id bigint,
  -- the changed fields alone, before and after; null where there was or is no row
  old jsonb,
  new jsonb,
  request_id text,
  address inet,
  primary key (at, id)
) partition by range (at);
create table shopboard.audit_log_default partition of shopboard.audit_log default;
create index audit_log_row on shopboard.audit_log (table_name, row_id, at, id);
create index audit_log_actor on shopboard.audit_log (actor, at, id);
create index audit_log_action on shopboard.audit_log (action, at, id);
create index audit_log_table on shopboard.audit_log (table_name, at, id);
create index audit_log_request on shopboard.audit_log (request_id, at, id);
--> statement-breakpoint
-- Does one thing of what the log's partitions take, in a transaction that blocks no writer for longer than a moment, and says which: null
-- once nothing is left. It makes the months to come, those of rows in the default with what is there of them, detaches whole months
-- that are older than so many days, and drops what is detached. 55P03 where a lock does not come at once: try again.
create function shopboard.tend_audit(retention integer) returns text
language plpgsql security definer set search_path = pg_catalog, pg_temp set lock_timeout = '100ms' as $$
declare
  -- no caller can shorten the log to less than a month
  cutoff timestamptz := now() - make_interval(days => greatest(retention, 30));
  this_month timestamp := date_trunc('month', now() at time zone 'UTC');
  month timestamp;
  name text;
  n bigint;
begin
  -- one at a time; writers take weaker locks
  lock table shopboard.audit_log in share update exclusive mode;

  delete from shopboard.audit_log_default where (at, id) in (
    select at, id from shopboard.audit_log_default where at < cutoff order by at, id limit 1000
  );
  get diagnostics n = row_count;
  if n > 0 then
    return format('deleted %s rows', n);
  end if;

  select relname into name from pg_class
  where relnamespace = 'shopboard'::regnamespace and relkind = 'r' and relname ~ '^audit_log_[0-9]{4}_[0-9]{2}$' and not relispartition
  order by relname limit 1;
  if found then
    execute format('drop table shopboard.%I', name);
    return 'dropped ' || name;
  end if;

  select relname into name from pg_inherits join pg_class on pg_class.oid = inhrelid
  where inhparent = 'shopboard.audit_log'::regclass and relname ~ '^audit_log_[0-9]{4}_[0-9]{2}$'
    and (to_date(right(relname, 7), 'YYYY_MM') + interval '1 month') at time zone 'UTC' <= cutoff
  order by relname limit 1;
  if found then
    execute format('alter table shopboard.audit_log detach partition shopboard.%I', name);
    return 'detached ' || name;
  end if;

  -- a month with many rows in the default stays there: moving them would hold up its writers
  with recursive months (first) as (
    select date_trunc('month', min(at) at time zone 'UTC') from shopboard.audit_log_default
    union all
    select (select date_trunc('month', min(at) at time zone 'UTC') from shopboard.audit_log_default
      where at >= (months.first + interval '1 month') at time zone 'UTC')
    from months where months.first is not null
  )
  select wanted.first into month from (
    select this_month + make_interval(months => ahead) as first from generate_series(0, 3) as ahead
    union select months.first from months where months.first is not null
  ) as wanted
  where to_regclass(format('shopboard.%I', to_char(wanted.first, '"audit_log_"YYYY_MM'))) is null and (
    select count(*) from (
      select from shopboard.audit_log_default
      where at >= wanted.first at time zone 'UTC' and at < (wanted.first + interval '1 month') at time zone 'UTC' limit 5001
    ) as few
  ) <= 5000
  order by wanted.first limit 1;
  if not found then
    return null;
  end if;

  name := to_char(month, '"audit_log_"YYYY_MM');
  execute format('create table shopboard.%I (like shopboard.audit_log including defaults including constraints)', name);
  lock table shopboard.audit_log_default in access exclusive mode;
  execute format('with moved as (delete from shopboard.audit_log_default where at >= $1 and at < $2 returning *) insert into shopboard.%I select * from moved', name)
  using month at time zone 'UTC', (month + interval '1 month') at time zone 'UTC';
  get diagnostics n = row_count;
  execute format('alter table shopboard.audit_log attach partition shopboard.%I for values from (%L) to (%L)',
    name, to_char(month, 'YYYY-MM-DD') || ' 00:00:00+00', to_char(month + interval '1 month', 'YYYY-MM-DD') || ' 00:00:00+00');
  return format('made %s of %s rows', name, n);
end $$;
revoke execute on function shopboard.tend_audit(integer) from public;
--> statement-breakpoint
do $$
begin
  while shopboard.tend_audit(36500) is not null loop
  end loop;
end $$;
