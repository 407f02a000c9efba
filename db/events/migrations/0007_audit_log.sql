CREATE TABLE "audit_log" (
	"audit_event_id" uuid PRIMARY KEY NOT NULL,
	"position" bigint NOT NULL,
	"tenant" text NOT NULL,
	"created_at" timestamp (3) with time zone NOT NULL,
	"source" text NOT NULL,
	"action" text NOT NULL,
	"object" text NOT NULL,
	"principal_id" text NOT NULL,
	"principal" text NOT NULL,
	"api_key_id" text NOT NULL,
	"on_behalf_of" text,
	"request_id" text,
	"details" jsonb DEFAULT '{}' NOT NULL
);
--> statement-breakpoint
CREATE INDEX "audit_log_created" ON "audit_log" USING btree ("created_at","audit_event_id");--> statement-breakpoint
CREATE INDEX "audit_log_principal" ON "audit_log" USING btree ("principal_id","created_at","audit_event_id");--> statement-breakpoint
CREATE INDEX "audit_log_action" ON "audit_log" USING btree ("action","created_at","audit_event_id");--> statement-breakpoint
CREATE INDEX "audit_log_object" ON "audit_log" USING btree ("object","created_at","audit_event_id");