-- tend_audit
-- reads no table
select shopboard.tend_audit($1::int) as step
