-- The demo communities that were generated here: what gave their rows, and the ids they took. Whoever counts on the tables can
-- tell invented rows from real ones by it; `demo` and `import` write it. It says nothing of a community older than it.
create table rollup.demo (
  id bigint generated always as identity primary key,
  seed bigint not null,
  until timestamptz not null,
  made_at timestamptz not null default now(),
  users int8range not null,
  posts int8range not null,
  comments int8range not null,
  sessions int8range not null
);
grant select on rollup.demo to public;
