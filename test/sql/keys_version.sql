-- keys_version
-- reads no table
select concat_ws(' ', count(*), sum(id)) as version from shopboard.key_changes
