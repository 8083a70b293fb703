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
