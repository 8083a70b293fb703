-- start_job
-- reads no table
with changed as (
  insert into shopboard.jobs (kind, key, params, created_by)
  values ($1::text, $2::text, $3::text::jsonb, $4::text)
  on conflict do nothing
  returning id, null::jsonb as old, jsonb_build_object('kind', kind, 'params', params) as new
),
logged as (insert into shopboard.audit_log (at, actor, action, table_name, row_id, old, new, request_id, address)
  select clock_timestamp(), $5::text, 'create', 'jobs', id, old, new, $6::text, $7::inet from changed)
select id::float8 as id from changed
