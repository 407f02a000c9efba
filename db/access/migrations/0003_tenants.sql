CREATE TABLE "tenants" (
	"tenant" text PRIMARY KEY NOT NULL,
	"created_at" timestamp (3) with time zone DEFAULT now() NOT NULL
);
--> statement-breakpoint
INSERT INTO tenants (tenant) SELECT tenant FROM principals UNION SELECT 'default';
