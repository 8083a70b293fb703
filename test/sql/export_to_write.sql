-- export_to_write
-- reads no table
select file from shopboard.exports where id = $1::bigint
