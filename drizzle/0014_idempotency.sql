-- Answers of calls with an Idempotency-Key, written in the transaction of the call, for 24 hours: another with the key gets the stored one.
-- Neither who called nor what was sent stands here, only hashes of it; the answer does.
create table shopboard.idempotency_keys (
  -- SHA-256 of the caller and the key
  call bytea primary key,
  -- SHA-256 of method, path and body
  fingerprint bytea not null,
  created_at timestamptz not null default now(),
  status smallint not null,
  headers jsonb not null,
  body text
);
create index idempotency_keys_created_at on shopboard.idempotency_keys (created_at);
