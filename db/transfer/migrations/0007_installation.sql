CREATE TABLE "installation" (
	"only_row" integer PRIMARY KEY DEFAULT 1 NOT NULL,
	"installation_id" uuid NOT NULL,
	"namespace_id" text NOT NULL,
	"server_id" text NOT NULL,
	"databases" text[] DEFAULT '{}' NOT NULL,
	"bound_at" timestamp (3) with time zone DEFAULT clock_timestamp() NOT NULL,
	CONSTRAINT "installation_only_row" CHECK ("installation"."only_row" = 1)
);
