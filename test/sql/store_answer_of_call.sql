-- store_answer_of_call
-- reads no table
insert into shopboard.idempotency_keys as kept (call, fingerprint, status, headers, body)
values (
  sha256(convert_to($1::text, 'UTF8')), decode($2, 'hex'), $3::int, $4::text::jsonb, $5::text
)
on conflict (call) do update set
  fingerprint = excluded.fingerprint, created_at = excluded.created_at, status = excluded.status, headers = excluded.headers, body = excluded.body
