-- enqueue_job
-- reads no table
insert into shopboard.jobs (kind, key, params, created_by)
values ($1::text, $2::text, $3::text::jsonb, $4::text)
on conflict do nothing
returning id
