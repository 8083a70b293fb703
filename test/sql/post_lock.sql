-- post_lock
-- reads no table
select id from "posts" where id = $1::bigint for no key update
