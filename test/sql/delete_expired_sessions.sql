-- delete_expired_sessions
-- reads no table
with expired as materialized (
  select id from sessions
  where deleted_at is null and last_seen_at < now() - make_interval(days => $1::int)
  order by last_seen_at, id limit 1000
  for update skip locked
),
deleted as (delete from sessions where id = any (array(select id from expired)) returning 1)
select count(*) as n from deleted
