-- delete_expired_idempotency_keys
-- reads no table
with expired as materialized (
  select call from shopboard.idempotency_keys
  where created_at < now() - interval '24 hours'
  order by created_at limit 1000
  for update skip locked
),
deleted as (delete from shopboard.idempotency_keys as key using expired where key.call = expired.call returning 1)
select count(*) as n from deleted
