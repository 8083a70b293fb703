-- expire_answers
-- reads no table
with expired as materialized (
  select call from shopboard.idempotency_keys
  where created_at <= now() - interval '24 hours' order by created_at limit $1::int for update skip locked
),
deleted as (delete from shopboard.idempotency_keys where call in (select call from expired) returning 1)
select count(*)::int as rows from deleted
