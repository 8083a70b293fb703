-- export_by_id
-- reads no table
select json_build_object(
  'id', exports.id,
  'state', case
    when expires_at <= now() then 'expired'
    when finished_at is not null then 'done'
    when jobs.state in ('dead', 'done') then 'failed'
    else jobs.state
  end,
  'progress', json_build_object(
    'done', coalesce(row_count, progress_done, 0), 'total', coalesce(row_count, progress_total)),
  'resource', resource,
  'format', format,
  'filters', filters,
  'isCompressed', is_compressed,
  'size', size,
  'error', case when finished_at is null then jobs.error end,
  'createdAt', to_char(exports.created_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'),
  'finishedAt', to_char(exports.finished_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'),
  'expiresAt', to_char(exports.expires_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')
)::text as json
from shopboard.exports join shopboard.jobs using (id)
where exports.id = $1::bigint and (exports.actor = $2::text or $3::boolean)
