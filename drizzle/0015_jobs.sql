-- What nobody waits for. A worker takes a waiting job by giving it a run, and only the run that a job names may change it: whoever
-- comes back after another has taken over changes nothing.
create table shopboard.jobs (
  id bigint generated always as identity primary key,
  kind text not null,
  -- at most one of a kind and key waits or runs; null where any number may
  key text,
  params jsonb not null default '{}',
  state text not null default 'waiting' check (state in ('waiting', 'running', 'done', 'dead', 'cancelled')),
  -- the instant of a schedule that it is for: each is met once, however many servers there are
  slot timestamptz,
  created_at timestamptz not null default now(),
  -- key:12, jwt:subject, anyone, schedule
  created_by text not null,
  run_at timestamptz not null default now(),
  -- runs since it was made or retried by hand, those left out that a shutdown ended
  attempts int not null default 0,
  run_id bigint,
  heartbeat_at timestamptz,
  -- the run that goes on is asked to end
  is_cancelling boolean not null default false,
  progress_done bigint,
  progress_total bigint,
  ended_at timestamptz,
  result jsonb,
  -- of the last run that failed
  error text,
  unique (kind, slot)
);
create unique index jobs_live on shopboard.jobs (kind, key) where state in ('waiting', 'running');
create index jobs_waiting on shopboard.jobs (run_at, id) where state = 'waiting';
create index jobs_running on shopboard.jobs (heartbeat_at) where state = 'running';
create index jobs_ended on shopboard.jobs (ended_at) where ended_at is not null;
create index jobs_newest on shopboard.jobs (created_at, id);
create index jobs_kind on shopboard.jobs (kind, created_at, id);
create index jobs_state on shopboard.jobs (state, created_at, id);
create table shopboard.job_runs (
  id bigint generated always as identity primary key,
  job_id bigint not null references shopboard.jobs (id) on delete cascade,
  worker text not null,
  started_at timestamptz not null default clock_timestamp(),
  ended_at timestamptz,
  outcome text check (outcome in ('done', 'failed', 'cancelled', 'stopped', 'lost')),
  row_count bigint,
  error text
);
create index job_runs_job on shopboard.job_runs (job_id, id);
