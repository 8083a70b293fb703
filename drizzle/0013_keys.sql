-- Keys of the API: what is stored of one tells nobody what it is.
create table shopboard.keys (
  id bigint generated always as identity primary key,
  name text not null check (char_length(name) between 1 and 200),
  -- its first characters, by which people know it
  prefix text not null,
  -- SHA-256 of the whole key
  hash bytea not null check (octet_length(hash) = 32),
  scopes text[] not null check (cardinality(scopes) > 0 and scopes <@ array['read', 'write', 'admin']),
  created_at timestamptz not null default now(),
  created_by text not null,
  expires_at timestamptz check (expires_at >= '0001-01-01T00:00:00Z' and expires_at < '10000-01-01T00:00:00Z'),
  revoked_at timestamptz check (revoked_at >= '0001-01-01T00:00:00Z' and revoked_at < '10000-01-01T00:00:00Z'),
  -- to the minute
  last_used_at timestamptz check (last_used_at >= '0001-01-01T00:00:00Z' and last_used_at < '10000-01-01T00:00:00Z')
);
create unique index keys_hash on shopboard.keys (hash);
create index keys_prefix on shopboard.keys (prefix, id);
--> statement-breakpoint
-- A row for each change of what keys allow, by whomever: servers see by it that what they remember may be wrong. Appended, so that
-- nobody who revokes a key waits for another's open transaction; only the last hundred or two are kept.
create table shopboard.key_changes (
  id bigint generated always as identity primary key
);
--> statement-breakpoint
create function shopboard.key_changed() returns trigger
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  own bigint;
begin
  insert into shopboard.key_changes default values returning id into own;
  if own % 100 = 0 then
    delete from shopboard.key_changes
    where id in (select id from shopboard.key_changes where id < own - 100 for update skip locked);
  end if;
  return null;
end $$;
revoke execute on function shopboard.key_changed() from public;
--> statement-breakpoint
create trigger key_made_or_gone after insert or delete on shopboard.keys
  for each row execute function shopboard.key_changed();
create trigger key_altered after update on shopboard.keys
  for each row when (
    (old.id, old.hash, old.scopes, old.expires_at, old.revoked_at) is distinct from (new.id, new.hash, new.scopes, new.expires_at, new.revoked_at)
  ) execute function shopboard.key_changed();
create trigger keys_truncated after truncate on shopboard.keys
  for each statement execute function shopboard.key_changed();
alter table shopboard.keys enable always trigger key_made_or_gone;
alter table shopboard.keys enable always trigger key_altered;
alter table shopboard.keys enable always trigger keys_truncated;
