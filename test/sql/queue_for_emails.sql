-- queue_for_emails
-- reads no table
select pg_advisory_xact_lock(hashtextextended('shopboard.emails', 0))
