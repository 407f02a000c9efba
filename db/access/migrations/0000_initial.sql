CREATE TABLE "access_revision" (
	"only_row" integer PRIMARY KEY DEFAULT 1 NOT NULL,
	"revision" bigint DEFAULT 0 NOT NULL,
	CONSTRAINT "access_revision_only_row" CHECK ("access_revision"."only_row" = 1)
);
--> statement-breakpoint
CREATE TABLE "api_keys" (
	"api_key_id" uuid PRIMARY KEY DEFAULT gen_random_uuid() NOT NULL,
	"tenant" text NOT NULL,
	"principal_id" uuid NOT NULL,
	"name" text NOT NULL,
	"key_hash" "bytea" NOT NULL,
	"hint" text NOT NULL,
	"scopes" text[] NOT NULL,
	"cidrs" text[],
	"per_second" integer,
	"burst" integer,
	"created_by" uuid,
	"installed_as" text,
	"idempotency_key" text,
	"body_hash" "bytea",
	"created_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	"expires_at" timestamp (3) with time zone,
	"revoked_at" timestamp (3) with time zone,
	"rotated_to" uuid,
	"changed_revision" bigint DEFAULT 0 NOT NULL,
	CONSTRAINT "api_keys_hash" UNIQUE("key_hash"),
	CONSTRAINT "api_keys_idempotency_key" UNIQUE("tenant","idempotency_key"),
	CONSTRAINT "api_keys_rate" CHECK (("api_keys"."per_second" IS NULL) = ("api_keys"."burst" IS NULL) AND "api_keys"."per_second" > 0 AND "api_keys"."burst" > 0)
);
--> statement-breakpoint
CREATE TABLE "installation" (
	"only_row" integer PRIMARY KEY DEFAULT 1 NOT NULL,
	"installation_id" uuid NOT NULL,
	"namespace_id" text NOT NULL,
	"server_id" text NOT NULL,
	"databases" text[] DEFAULT '{}' NOT NULL,
	"bound_at" timestamp (3) with time zone DEFAULT clock_timestamp() NOT NULL,
	CONSTRAINT "installation_only_row" CHECK ("installation"."only_row" = 1)
);
--> statement-breakpoint
CREATE TABLE "principals" (
	"principal_id" uuid PRIMARY KEY DEFAULT gen_random_uuid() NOT NULL,
	"tenant" text NOT NULL,
	"kind" text NOT NULL,
	"name" text NOT NULL,
	"created_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "principals_name" UNIQUE("tenant","name"),
	CONSTRAINT "principals_kind" CHECK ("principals"."kind" IN ('human', 'service'))
);
--> statement-breakpoint
ALTER TABLE "api_keys" ADD CONSTRAINT "api_keys_principal_id_principals_principal_id_fk" FOREIGN KEY ("principal_id") REFERENCES "public"."principals"("principal_id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
CREATE UNIQUE INDEX "api_keys_installed" ON "api_keys" USING btree ("installed_as") WHERE installed_as IS NOT NULL AND revoked_at IS NULL;--> statement-breakpoint
CREATE INDEX "api_keys_created" ON "api_keys" USING btree ("tenant","created_at","api_key_id");--> statement-breakpoint
CREATE INDEX "api_keys_changed" ON "api_keys" USING btree ("changed_revision") WHERE changed_revision > 0;--> statement-breakpoint
CREATE INDEX "principals_created" ON "principals" USING btree ("tenant","created_at","principal_id");--> statement-breakpoint
INSERT INTO access_revision DEFAULT VALUES;
