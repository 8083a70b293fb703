-- Indexes of the lists. Those of the foreign keys stand beside the ones of live rows: what is deleted costs no list a walk.
CREATE INDEX IF NOT EXISTS "comments_post_id" ON "comments" USING btree ("post_id");
--> statement-breakpoint
CREATE INDEX IF NOT EXISTS "comments_post_feed" ON "comments" USING btree ("post_id","created_at","id") WHERE "comments"."deleted_at" is null;
--> statement-breakpoint
CREATE INDEX IF NOT EXISTS "comments_author_id" ON "comments" USING btree ("author_id");
--> statement-breakpoint
CREATE INDEX IF NOT EXISTS "comments_author_feed" ON "comments" USING btree ("author_id","created_at","id") WHERE "comments"."deleted_at" is null;
--> statement-breakpoint
CREATE INDEX IF NOT EXISTS "posts_author_id" ON "posts" USING btree ("author_id");
--> statement-breakpoint
CREATE INDEX IF NOT EXISTS "posts_author_feed" ON "posts" USING btree ("author_id","created_at","id") WHERE "posts"."deleted_at" is null;
--> statement-breakpoint
CREATE INDEX IF NOT EXISTS "sessions_user_id" ON "sessions" USING btree ("user_id");
--> statement-breakpoint
CREATE INDEX IF NOT EXISTS "sessions_user_feed" ON "sessions" USING btree ("user_id","created_at","id") WHERE "sessions"."deleted_at" is null;
--> statement-breakpoint
CREATE INDEX IF NOT EXISTS "sessions_user_by_last_seen_at" ON "sessions" USING btree ("user_id","last_seen_at","id") WHERE "sessions"."deleted_at" is null;
--> statement-breakpoint
CREATE INDEX IF NOT EXISTS "sessions_by_last_seen_at" ON "sessions" USING btree ("last_seen_at","id") WHERE "sessions"."deleted_at" is null;
--> statement-breakpoint
CREATE INDEX IF NOT EXISTS "users_by_created_at" ON "users" USING btree ("is_active","is_admin","created_at","id") WHERE "users"."deleted_at" is null;
--> statement-breakpoint
CREATE INDEX IF NOT EXISTS "users_by_username" ON "users" USING btree ("is_active","is_admin",lower("username"),"id","username") WHERE "users"."deleted_at" is null;
--> statement-breakpoint
CREATE INDEX IF NOT EXISTS "users_by_last_seen_at" ON "users" USING btree ("is_active","is_admin",coalesce("last_seen_at", '-infinity'),"id","last_seen_at") WHERE "users"."deleted_at" is null;
--> statement-breakpoint
-- Last, for readers wait for it.
DROP INDEX "comments_post";
DROP INDEX "comments_author";
DROP INDEX "posts_author";
DROP INDEX "sessions_user";
DROP INDEX "sessions_last_seen";
