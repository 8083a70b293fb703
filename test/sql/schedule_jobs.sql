-- schedule_jobs
-- reads no table
insert into shopboard.jobs (kind, key, created_by, slot)
select kind, '', 'schedule', slot
from unnest($1::text[], $2::timestamptz[]) as due (kind, slot)
where not exists (select from shopboard.jobs where jobs.kind = due.kind and jobs.slot >= due.slot)
on conflict do nothing
returning kind
