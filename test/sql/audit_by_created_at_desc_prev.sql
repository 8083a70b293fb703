-- audit_by_created_at_desc_prev
-- reads no table
with page as materialized (
  select * from (
    select * from ((select * from (
      select at as key, id as id, actor, action, table_name, row_id, old, new, request_id, address
      from shopboard.audit_log
      where at >= $1::timestamptz and at < $2::timestamptz
        and true and ($3::text is null or table_name = $3::text) and ($4::bigint is null or row_id = $4::bigint)
        and ($5::text is null or actor = $5::text) and ($6::text is null or action = $6::text)
        and (at, id) > ($7::timestamptz, $8::bigint) and at >= $7::timestamptz
      order by key asc, id asc limit $9::int + 1
    ) as source order by key asc, id asc limit 101)) as merged order by key asc, id asc limit $9::int + 1
  ) as sized order by key asc, id asc limit 101
)
  select string_agg(row_lines, E'\n') as rows,
  (coalesce((select true from (
    select at as key, id as id from shopboard.audit_log
    where at >= $1::timestamptz and at < $2::timestamptz
      and true and ($3::text is null or table_name = $3::text) and ($4::bigint is null or row_id = $4::bigint)
      and ($5::text is null or actor = $5::text) and ($6::text is null or action = $6::text) and (at, id) <= ($7::timestamptz, $8::bigint)
    order by key desc, id desc limit 1) as behind), false)) as "isPreceded",
  null::bigint as total,
  to_char(now() at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') as "asOf"
  from (
    select concat('["', case when page.key between '0001-01-01T00:00:00.000000Z' and '9999-12-31T23:59:59.999999Z' then to_char(page.key at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') else page.key::text end, '","', page.id, '"]', E'\n', '{"id":', page.id, ',"at":"', to_char(page.key at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'),
      '","actor":', to_json(page.actor), ',"action":', to_json(page.action), ',"table":', to_json(page.table_name),
      ',"rowId":', coalesce(page.row_id::text, 'null'), ',"old":', coalesce(case
        when octet_length(page.old::text) <= 1000 then page.old::text
        else (select jsonb_object_agg(key, case
          when jsonb_typeof(value) = 'string' and char_length(value #>> '{}') > 1000 then to_jsonb(left(value #>> '{}', 1000) || '…')
          else value end)::text from jsonb_each(page.old))
        end, 'null'), ',"new":', coalesce(case
          when octet_length(page.new::text) <= 1000 then page.new::text
          else (select jsonb_object_agg(key, case
            when jsonb_typeof(value) = 'string' and char_length(value #>> '{}') > 1000 then to_jsonb(left(value #>> '{}', 1000) || '…')
            else value end)::text from jsonb_each(page.new))
          end, 'null'),
      ',"requestId":', coalesce(to_json(page.request_id)::text, 'null'), ',"address":', coalesce(to_json(host(page.address))::text, 'null'), '}') as row_lines
    from page
    order by page.key desc, page.id desc
  ) as rows
