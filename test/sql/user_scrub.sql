-- user_scrub
-- reads no table
update shopboard.audit_log set old = null, new = null where table_name = 'users' and row_id = $1::bigint
