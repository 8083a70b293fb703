-- delete_ended_jobs
-- reads no table
with ended as materialized (
  select id from shopboard.jobs
  where ended_at < now() - interval '30 days' and exists (
    select from shopboard.jobs as later
    where later.kind = jobs.kind and (later.created_at, later.id) > (jobs.created_at, jobs.id)
  )
  order by ended_at limit 1000
  for update skip locked
),
deleted as (delete from shopboard.jobs using ended where jobs.id = ended.id returning 1)
select count(*) as n from deleted
