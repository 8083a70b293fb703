-- last_migration
-- reads no table
select max(created_at) as last from drizzle.__drizzle_migrations
