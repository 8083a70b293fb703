-- lock_call
-- reads no table
select pg_advisory_xact_lock(hashtextextended('idempotency ' || $1::text, 0))::text as locked
