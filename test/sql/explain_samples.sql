-- explain_samples
-- reads no table
select json_build_object(
  'total', (select json_build_object('posts', (select coalesce(sum(n), 0) from "rollup"."current_totals" where kind = 0), 'comments', (select coalesce(sum(n), 0) from "rollup"."current_totals" where kind = 1), 'users', (select coalesce(sum(n), 0) from "rollup"."current_totals" where kind = 2), 'sessions', (select coalesce(sum(n), 0) from "rollup"."current_totals" where kind = 3))),
  'middle', (select json_build_object('posts', (
    select json_build_object('at', to_char(created_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'), 'id', id) from "posts"
    where deleted_at is null and id >= (select (min(id) + max(id)) / 2 from "posts") order by id limit 1), 'comments', (
      select json_build_object('at', to_char(created_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'), 'id', id) from "comments"
      where deleted_at is null and id >= (select (min(id) + max(id)) / 2 from "comments") order by id limit 1), 'users', (
        select json_build_object('at', to_char(created_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'), 'id', id) from "users"
        where deleted_at is null and id >= (select (min(id) + max(id)) / 2 from "users") order by id limit 1), 'sessions', (
          select json_build_object('at', to_char(created_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'), 'id', id) from "sessions"
          where deleted_at is null and id >= (select (min(id) + max(id)) / 2 from "sessions") order by id limit 1))),
  'oldest', (select json_build_object('posts', (
    select json_build_object('at', to_char(created_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'), 'id', id) from "posts"
    where deleted_at is null and true order by created_at, id limit 1), 'comments', (
      select json_build_object('at', to_char(created_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'), 'id', id) from "comments"
      where deleted_at is null and true order by created_at, id limit 1), 'users', (
        select json_build_object('at', to_char(created_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'), 'id', id) from "users"
        where deleted_at is null and true order by created_at, id limit 1), 'sessions', (
          select json_build_object('at', to_char(created_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'), 'id', id) from "sessions"
          where deleted_at is null and true order by created_at, id limit 1))),
  'authors', array(
    select json_build_object('id', id, 'n', count(*)) from (
      (select author_id as id from posts where deleted_at is null order by created_at desc, id desc limit 2000)
      union all
      (select author_id from comments where deleted_at is null order by created_at desc, id desc limit 2000)) as newest
    where id is not null group by id order by count(*) desc, id),
  'users', array(
    select json_build_object('id', id, 'n', count(*)) from ((select user_id as id from sessions where deleted_at is null order by created_at desc, id desc limit 2000)) as newest
    where id is not null group by id order by count(*) desc, id),
  'posts', array(
    (select json_build_object('id', post_id, 'n', n) from rollup.post_comments where is_live order by n desc, post_id desc limit 1)
    union all
    (select json_build_object('id', post_id, 'n', n) from rollup.post_comments where is_live order by n, post_id limit 1)),
  'words', array(
    select word
    from (select title, body from posts where deleted_at is null order by created_at desc, id desc limit 2000) as newest,
      lateral (select distinct word from regexp_split_to_table(lower(concat(title, ' ', left(body, 500))), '[^[:alpha:]]+') as word) as words
    where char_length(word) between 5 and 20
    group by word order by count(*) desc, word),
  'usernames', array(select username from users where deleted_at is null order by created_at desc, id desc limit 100),
  'tags', array(
    select tag from (select tags from posts where deleted_at is null order by created_at desc, id desc limit 2000) as newest, unnest(tags) as tag
    group by tag order by count(*) desc, tag),
  'metadata', array(
    select json_build_object(key, value)::text
    from (select metadata from posts where deleted_at is null order by created_at desc, id desc limit 2000) as newest,
      jsonb_each(metadata) where jsonb_typeof(value) not in ('object', 'array') and char_length(value::text) < 100
    group by key, value order by count(*) desc, key, value),
  'preferences', array(
    select json_build_object(key, value)::text
    from (select preferences from users where deleted_at is null order by created_at desc, id desc limit 2000) as newest,
      jsonb_each(preferences) where jsonb_typeof(value) not in ('object', 'array') and char_length(value::text) < 100
    group by key, value order by count(*) desc, key, value),
  'edge', (
    select json_build_object('at', to_char(created_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'), 'id', id) from "posts"
    where deleted_at is null and true order by created_at desc, id desc offset 9999 limit 1),
  'now', to_char(now() at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')
) as samples
