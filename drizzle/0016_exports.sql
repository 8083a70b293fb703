-- What callers asked to be written to a file. The job of the same id writes it, and says how far it is.
create table shopboard.exports (
  id bigint primary key references shopboard.jobs (id) on delete cascade,
  -- key:12, jwt:subject, anyone
  actor text not null,
  resource text not null,
  format text not null,
  filters jsonb not null default '{}',
  is_compressed boolean not null,
  created_at timestamptz not null default now(),
  -- of the file, once it is whole: its name in the directory of exports, its bytes and its rows
  file text,
  size bigint,
  row_count bigint,
  finished_at timestamptz,
  expires_at timestamptz
);
create index exports_actor on shopboard.exports (actor, id);
