-- Every lock before any work: a try that does not get them has cost nobody much. Every column has a constant default: nothing is written anew.
do $$
declare
  until timestamptz := clock_timestamp() + current_setting('lock_timeout')::interval;
begin
  loop
    begin
      lock table public.users, public.posts, public.comments in access exclusive mode nowait;
      return;
    exception when lock_not_available then
      exit when clock_timestamp() >= until;
    end;
    perform pg_sleep(0.002);
  end loop;
  lock table public.users, public.posts, public.comments in access exclusive mode;
end $$;
--> statement-breakpoint
CREATE TABLE "post_views" (
	"post_id" bigint PRIMARY KEY NOT NULL,
	"n" bigint DEFAULT 0 NOT NULL
);
--> statement-breakpoint
ALTER TABLE "comments" ADD COLUMN "deleted_with_post" boolean DEFAULT false NOT NULL;--> statement-breakpoint
ALTER TABLE "posts" ADD COLUMN "tags" text[];--> statement-breakpoint
ALTER TABLE "posts" ADD COLUMN "metadata" jsonb DEFAULT '{}'::jsonb NOT NULL;--> statement-breakpoint
ALTER TABLE "users" ADD COLUMN "preferences" jsonb DEFAULT '{}'::jsonb NOT NULL;--> statement-breakpoint
ALTER TABLE "users" ADD COLUMN "erased_at" timestamp with time zone;--> statement-breakpoint
ALTER TABLE "post_views" ADD CONSTRAINT "post_views_post_id_posts_id_fk" FOREIGN KEY ("post_id") REFERENCES "public"."posts"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "posts_tags" ON "posts" USING gin ("tags") WITH (fastupdate=off) WHERE "posts"."tags" is not null;--> statement-breakpoint
CREATE INDEX "posts_metadata" ON "posts" USING gin ("metadata" jsonb_path_ops) WITH (fastupdate=off) WHERE "posts"."metadata" <> '{}';--> statement-breakpoint
CREATE INDEX "users_preferences" ON "users" USING gin ("preferences" jsonb_path_ops) WITH (fastupdate=off) WHERE "users"."preferences" <> '{}';--> statement-breakpoint
-- How many posts the indexes of tags and metadata lead to, deleted ones too, as PostgreSQL expects by its statistics: those with all of the
-- tags, and metadata that contains one of the objects. Null asks for any.
create function rollup.expected_labelled(tags text[], metadata jsonb[]) returns bigint
language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
declare
  plan json;
begin
  execute concat('explain (format json) select from public.posts where true',
    case when tags is not null then format(' and tags is not null and tags @> %L::text[]', tags) end,
    case when metadata is not null then format(' and metadata <> ''{}'' and metadata @> any (%L::jsonb[])', metadata) end) into plan;
  return plan -> 0 -> 'Plan' ->> 'Plan Rows';
end $$;

-- How many users whose preferences contain one of the objects.
create function rollup.expected_preferring(preferences jsonb[]) returns bigint
language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
declare
  plan json;
begin
  execute format('explain (format json) select from public.users where preferences <> ''{}'' and preferences @> any (%L::jsonb[])', preferences) into plan;
  return plan -> 0 -> 'Plan' ->> 'Plan Rows';
end $$;
