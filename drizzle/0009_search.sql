-- Search: names of users by trigrams, texts of posts by words of the community's language.

-- Trusted: whoever may create schemas in the database may create it.
do $$
begin
  if exists (select from pg_extension where extname = 'pg_trgm') then
    return;
  elsif not exists (select from pg_available_extensions where name = 'pg_trgm') then
    raise exception 'the server lacks the extension pg_trgm, by which names are searched: install the contrib modules of PostgreSQL there (Debian: postgresql-contrib), and start again';
  end if;
  create extension pg_trgm with schema public;
exception when insufficient_privilege then
  raise exception '%', format('the role %1$I may not create the extension pg_trgm: grant create on database %2$I to %1$I; or, as a superuser there, create extension pg_trgm;', current_user, current_database());
end $$;
--> statement-breakpoint
-- The extension may stand in another schema already.
do $$
begin
  execute (
    select format('create index users_username_trigrams on public.users using gin (lower(username) %I.gin_trgm_ops) where deleted_at is null', nspname)
    from pg_extension join pg_namespace on pg_namespace.oid = extnamespace where extname = 'pg_trgm'
  );
end $$;
--> statement-breakpoint
-- Whether the index finds a name with it: in a database of locale C trigrams are made of ASCII alone.
do $$
begin
  execute (
    select format(
      'create function rollup.has_trigrams(name text) returns boolean language sql stable parallel safe return coalesce(cardinality(%I.show_trgm(substring(name, ''[[:alnum:]]{3}''))) > 0, false)', nspname
    )
    from pg_extension join pg_namespace on pg_namespace.oid = extnamespace where extname = 'pg_trgm'
  );
end $$;
--> statement-breakpoint
-- Sets the language that posts are searched in, the name of a text search configuration; what is indexed of them is written anew, the
-- table with it. The configuration is a copy, so that columns and queries name the same in every language.
create function rollup.search_in(language text) returns void
language plpgsql set search_path = pg_catalog, pg_temp
as $$
declare
  known text;
begin
  select format('%I.%I', nspname, cfgname) into known
  from pg_ts_config join pg_namespace on pg_namespace.oid = cfgnamespace
  where cfgname = language and nspname in ('pg_catalog', 'public') order by nspname limit 1;
  if known is null then
    raise exception 'SEARCH_LANGUAGE should be a text search configuration of the database (%); it is %', (
      select string_agg(distinct cfgname, ', ' order by cfgname) from pg_ts_config join pg_namespace on pg_namespace.oid = cfgnamespace
      where nspname in ('pg_catalog', 'public')
    ), language;
  end if;
  alter table public.posts drop column if exists document;
  if exists (
    select from pg_ts_config where cfgname = 'search' and cfgnamespace = 'rollup'::regnamespace
  ) then
    drop text search configuration rollup.search;
  end if;
  execute format('create text search configuration rollup.search (copy = %s)', known);
  execute format('comment on text search configuration rollup.search is %L', language);
  -- a prefix, and no more than 200 characters in a run: of 50,000 characters `a_a_…` the parser makes words for half a minute
  alter table public.posts add column document tsvector generated always as (
    case when deleted_at is null then
      setweight(to_tsvector('rollup.search'::regconfig, left(coalesce(title, ''), 1000)), 'A')
      || setweight(to_tsvector('rollup.search'::regconfig, regexp_replace(left(body, 30000), E'\\S{200}', E'\\& ', 'g')), 'B')
    end
  ) stored;
  -- Not partial: PostgreSQL does not join two indexes of the same condition.
  create index posts_document on public.posts using gin (document) with (fastupdate = off);
  -- a search goes by what is known of the column, and autovacuum sees no change in a table that was written anew
  if exists (select from public.posts) then
    analyze public.posts (document, deleted_at);
  end if;
end $$;
revoke execute on function rollup.search_in(text) from public;
--> statement-breakpoint
select rollup.search_in(coalesce(nullif(current_setting('shopboard.search_language', true), ''), 'english'));
--> statement-breakpoint
-- The rows that PostgreSQL expects of a search, by its statistics of that very value: 0.2 ms. Volatile, as what explains must be.
create function rollup.expected_posts(query tsquery) returns bigint
language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
declare
  plan json;
begin
  execute format('explain (format json) select from public.posts where deleted_at is null and document @@ %L::tsquery', query) into plan;
  return plan -> 0 -> 'Plan' ->> 'Plan Rows';
end $$;

-- `lower(username) like` expects the same rows, but what is known of an expression by a partial index PostgreSQL takes no note of.
create function rollup.expected_users(pattern text) returns bigint
language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
declare
  plan json;
begin
  execute format('explain (format json) select from public.users where deleted_at is null and username ilike %L', pattern) into plan;
  return plan -> 0 -> 'Plan' ->> 'Plan Rows';
end $$;

-- The rows that the index of words goes through for a search, as far as PostgreSQL expects: of words that must stand together those of
-- the rarest, and of alternatives all. Of more than twelve words it is not asked each: then those with any of them.
create function rollup.expected_work(query tsquery) returns bigint
language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
declare
  positive text := querytree(query);
  part text;
  word text;
  asked integer := 0;
  rarest bigint;
  work bigint := 0;
begin
  foreach part in array regexp_split_to_array(positive, ' [|] ') loop
    rarest := null;
    for word in select token[1] from regexp_matches(part, '(''(?:[^'']|'''')*'')', 'g') as token loop
      asked := asked + 1;
      if asked > 12 then
        return rollup.expected_posts(regexp_replace(positive, ' (&|<[^>]*>) ', ' | ', 'g')::tsquery);
      end if;
      rarest := least(rarest, rollup.expected_posts(word::tsquery));
    end loop;
    work := work + coalesce(rarest, 0);
  end loop;
  return work;
end $$;
