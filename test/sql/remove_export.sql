-- remove_export
-- reads no table
with removed as (
  delete from shopboard.exports where id = $1::bigint and (exports.actor = $2::text or $3::boolean)
  returning id, file
),
cancelled as (
  update shopboard.jobs set
    is_cancelling = state = 'running',
    state = case state when 'waiting' then 'cancelled' else state end,
    ended_at = case state when 'waiting' then clock_timestamp() end
  from removed where jobs.id = removed.id and state in ('waiting', 'running')
)
select file from removed
