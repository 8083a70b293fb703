-- Every instant can be written as RFC 3339, as `created_at` could before. Not valid: no scan under the lock; rows that break
-- a check stay, and are read as the nearest instant that passes; their next update has to pass it.
alter table "users"
  add constraint "users_last_seen_at_range" check ("last_seen_at" >= '0001-01-01T00:00:00Z' and "last_seen_at" < '10000-01-01T00:00:00Z') not valid,
  add constraint "users_updated_at_range" check ("updated_at" >= '0001-01-01T00:00:00Z' and "updated_at" < '10000-01-01T00:00:00Z') not valid,
  add constraint "users_deleted_at_range" check ("deleted_at" >= '0001-01-01T00:00:00Z' and "deleted_at" < '10000-01-01T00:00:00Z') not valid;
--> statement-breakpoint
alter table "posts"
  add constraint "posts_updated_at_range" check ("updated_at" >= '0001-01-01T00:00:00Z' and "updated_at" < '10000-01-01T00:00:00Z') not valid,
  add constraint "posts_deleted_at_range" check ("deleted_at" >= '0001-01-01T00:00:00Z' and "deleted_at" < '10000-01-01T00:00:00Z') not valid;
--> statement-breakpoint
alter table "comments"
  add constraint "comments_updated_at_range" check ("updated_at" >= '0001-01-01T00:00:00Z' and "updated_at" < '10000-01-01T00:00:00Z') not valid,
  add constraint "comments_deleted_at_range" check ("deleted_at" >= '0001-01-01T00:00:00Z' and "deleted_at" < '10000-01-01T00:00:00Z') not valid;
--> statement-breakpoint
alter table "sessions"
  add constraint "sessions_last_seen_at_range" check ("last_seen_at" >= '0001-01-01T00:00:00Z' and "last_seen_at" < '10000-01-01T00:00:00Z') not valid,
  add constraint "sessions_deleted_at_range" check ("deleted_at" >= '0001-01-01T00:00:00Z' and "deleted_at" < '10000-01-01T00:00:00Z') not valid;
