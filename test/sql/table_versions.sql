-- table_versions
-- reads posts, comments, users, sessions
select "kind", "n" from "rollup"."current_versions"
