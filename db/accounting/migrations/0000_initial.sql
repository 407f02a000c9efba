CREATE TABLE "accounts" (
	"account_id" text PRIMARY KEY NOT NULL,
	"seller_wallet_id" uuid NOT NULL,
	"code" text NOT NULL,
	"name" text NOT NULL,
	"currency" text NOT NULL,
	"debit_total" numeric(28, 4) DEFAULT '0' NOT NULL,
	"credit_total" numeric(28, 4) DEFAULT '0' NOT NULL,
	"balance" numeric(28, 4) GENERATED ALWAYS AS (debit_total - credit_total) STORED NOT NULL,
	"created_at" timestamp (3) with time zone DEFAULT clock_timestamp() NOT NULL,
	CONSTRAINT "accounts_seller_code" UNIQUE("seller_wallet_id","code"),
	CONSTRAINT "accounts_id" CHECK ("accounts"."account_id" = "accounts"."seller_wallet_id"::text || '/' || "accounts"."code"),
	CONSTRAINT "accounts_code" CHECK ("accounts"."code" IN ('wallet', 'receivable', 'revenue', 'shipping_revenue', 'returns', 'refunds_payable', 'bad_debt')),
	CONSTRAINT "accounts_totals" CHECK ("accounts"."debit_total" >= 0 AND "accounts"."credit_total" >= 0)
);
--> statement-breakpoint
CREATE TABLE "credit_note_lines" (
	"credit_note_id" uuid NOT NULL,
	"line" integer NOT NULL,
	"sku" text NOT NULL,
	"quantity" integer NOT NULL,
	"unit_price" numeric(19, 4) NOT NULL,
	"amount" numeric(19, 4) NOT NULL,
	CONSTRAINT "credit_note_lines_credit_note_id_line_pk" PRIMARY KEY("credit_note_id","line"),
	CONSTRAINT "credit_note_lines_amount" CHECK ("credit_note_lines"."quantity" > 0 AND "credit_note_lines"."amount" = "credit_note_lines"."quantity" * "credit_note_lines"."unit_price")
);
--> statement-breakpoint
CREATE TABLE "credit_notes" (
	"credit_note_id" uuid PRIMARY KEY NOT NULL,
	"seller_wallet_id" uuid NOT NULL,
	"number" integer NOT NULL,
	"order_id" uuid NOT NULL,
	"currency" text NOT NULL,
	"amount" numeric(19, 4) NOT NULL,
	"transfer_id" uuid,
	"created_at" timestamp (3) with time zone DEFAULT clock_timestamp() NOT NULL,
	"updated_at" timestamp (3) with time zone DEFAULT clock_timestamp() NOT NULL,
	CONSTRAINT "credit_notes_seller_number" UNIQUE("seller_wallet_id","number"),
	CONSTRAINT "credit_notes_amount_positive" CHECK ("credit_notes"."amount" > 0)
);
--> statement-breakpoint
CREATE TABLE "document_numbers" (
	"seller_wallet_id" uuid NOT NULL,
	"kind" text NOT NULL,
	"last_number" integer DEFAULT 0 NOT NULL,
	CONSTRAINT "document_numbers_seller_wallet_id_kind_pk" PRIMARY KEY("seller_wallet_id","kind"),
	CONSTRAINT "document_numbers_kind" CHECK ("document_numbers"."kind" IN ('invoice', 'credit_note'))
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
CREATE TABLE "invoice_lines" (
	"invoice_id" uuid NOT NULL,
	"line" integer NOT NULL,
	"sku" text NOT NULL,
	"quantity" integer NOT NULL,
	"unit_price" numeric(19, 4) NOT NULL,
	"amount" numeric(19, 4) NOT NULL,
	CONSTRAINT "invoice_lines_invoice_id_line_pk" PRIMARY KEY("invoice_id","line"),
	CONSTRAINT "invoice_lines_amount" CHECK ("invoice_lines"."quantity" > 0 AND "invoice_lines"."amount" = "invoice_lines"."quantity" * "invoice_lines"."unit_price")
);
--> statement-breakpoint
CREATE TABLE "invoices" (
	"invoice_id" uuid PRIMARY KEY NOT NULL,
	"seller_wallet_id" uuid NOT NULL,
	"number" integer NOT NULL,
	"buyer_wallet_id" uuid NOT NULL,
	"order_id" uuid NOT NULL,
	"consignment" integer NOT NULL,
	"currency" text NOT NULL,
	"shipping_amount" numeric(19, 4) NOT NULL,
	"amount" numeric(19, 4) NOT NULL,
	"status" text NOT NULL,
	"transfer_id" uuid,
	"created_at" timestamp (3) with time zone DEFAULT clock_timestamp() NOT NULL,
	"updated_at" timestamp (3) with time zone DEFAULT clock_timestamp() NOT NULL,
	CONSTRAINT "invoices_seller_number" UNIQUE("seller_wallet_id","number"),
	CONSTRAINT "invoices_order_consignment" UNIQUE("order_id","consignment"),
	CONSTRAINT "invoices_status" CHECK ("invoices"."status" IN ('PAID', 'DUE', 'COLLECTED', 'WRITTEN_OFF')),
	CONSTRAINT "invoices_paid_by" CHECK (("invoices"."transfer_id" IS NOT NULL) = ("invoices"."status" IN ('PAID', 'COLLECTED'))),
	CONSTRAINT "invoices_amount" CHECK ("invoices"."amount" > 0 AND "invoices"."shipping_amount" >= 0)
);
--> statement-breakpoint
CREATE TABLE "journal_lines" (
	"journal_id" uuid NOT NULL,
	"line" integer NOT NULL,
	"debit_account" text NOT NULL,
	"credit_account" text NOT NULL,
	"amount" numeric(19, 4) NOT NULL,
	CONSTRAINT "journal_lines_journal_id_line_pk" PRIMARY KEY("journal_id","line"),
	CONSTRAINT "journal_lines_amount_positive" CHECK ("journal_lines"."amount" > 0),
	CONSTRAINT "journal_lines_two_accounts" CHECK ("journal_lines"."debit_account" <> "journal_lines"."credit_account")
);
--> statement-breakpoint
CREATE TABLE "journals" (
	"journal_id" uuid PRIMARY KEY NOT NULL,
	"seller_wallet_id" uuid NOT NULL,
	"kind" text NOT NULL,
	"order_id" uuid NOT NULL,
	"consignment" integer,
	"return_id" uuid,
	"number" integer,
	"transfer_id" uuid,
	"created_at" timestamp (3) with time zone DEFAULT clock_timestamp() NOT NULL,
	CONSTRAINT "journals_kind" CHECK ("journals"."kind" IN ('invoice', 'collection', 'write_off', 'credit_note', 'refund')),
	CONSTRAINT "journals_subject" CHECK (("journals"."consignment" IS NULL) = ("journals"."kind" IN ('credit_note', 'refund'))),
	CONSTRAINT "journals_of_return" CHECK (("journals"."return_id" IS NULL) = ("journals"."consignment" IS NOT NULL)),
	CONSTRAINT "journals_number" CHECK (("journals"."number" IS NOT NULL) = ("journals"."kind" IN ('invoice', 'credit_note')))
);
--> statement-breakpoint
CREATE SEQUENCE outbox_sequence;--> statement-breakpoint
CREATE TABLE outbox_events (
  xid xid8 NOT NULL DEFAULT pg_current_xact_id(),
  sequence bigint NOT NULL DEFAULT nextval('outbox_sequence'),
  event_id text NOT NULL,
  type text NOT NULL,
  subject text,
  event_count integer NOT NULL DEFAULT 1,
  payload json NOT NULL,
  created_at timestamp (3) with time zone NOT NULL DEFAULT clock_timestamp()
) PARTITION BY LIST (((sequence / 65536) % 4));--> statement-breakpoint
CREATE TABLE outbox_events_0 PARTITION OF outbox_events FOR VALUES IN (0);--> statement-breakpoint
CREATE TABLE outbox_events_1 PARTITION OF outbox_events FOR VALUES IN (1);--> statement-breakpoint
CREATE TABLE outbox_events_2 PARTITION OF outbox_events FOR VALUES IN (2);--> statement-breakpoint
CREATE TABLE outbox_events_3 PARTITION OF outbox_events FOR VALUES IN (3);
--> statement-breakpoint
CREATE TABLE "outbox_seal_progress" (
	"place" integer NOT NULL,
	"type" text NOT NULL,
	"row_count" bigint NOT NULL,
	"event_count" bigint NOT NULL,
	"digest" numeric NOT NULL,
	"through_sequence" bigint NOT NULL,
	CONSTRAINT "outbox_seal_progress_place_type_pk" PRIMARY KEY("place","type")
);
--> statement-breakpoint
CREATE TABLE "outbox_seals" (
	"type" text PRIMARY KEY NOT NULL,
	"event_count" bigint DEFAULT 0 NOT NULL,
	"digest" numeric DEFAULT '0' NOT NULL,
	"through_sequence" bigint DEFAULT 0 NOT NULL
);
--> statement-breakpoint
CREATE TABLE "outbox_truncation" (
	"only_row" integer PRIMARY KEY DEFAULT 1 NOT NULL,
	"server_id" text NOT NULL,
	"snapshot" "pg_snapshot" NOT NULL
);
--> statement-breakpoint
CREATE TABLE "step_fences" (
	"saga_id" uuid NOT NULL,
	"step" text NOT NULL,
	"outcome" text NOT NULL,
	"reason" text,
	"terms" jsonb,
	"detail" jsonb,
	"created_at" timestamp (3) with time zone DEFAULT clock_timestamp() NOT NULL,
	CONSTRAINT "step_fences_saga_id_step_pk" PRIMARY KEY("saga_id","step"),
	CONSTRAINT "step_fences_outcome" CHECK ("step_fences"."outcome" IN ('done', 'refused', 'undone'))
);
--> statement-breakpoint
ALTER TABLE "credit_note_lines" ADD CONSTRAINT "credit_note_lines_credit_note_id_credit_notes_credit_note_id_fk" FOREIGN KEY ("credit_note_id") REFERENCES "public"."credit_notes"("credit_note_id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "invoice_lines" ADD CONSTRAINT "invoice_lines_invoice_id_invoices_invoice_id_fk" FOREIGN KEY ("invoice_id") REFERENCES "public"."invoices"("invoice_id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "journal_lines" ADD CONSTRAINT "journal_lines_journal_id_journals_journal_id_fk" FOREIGN KEY ("journal_id") REFERENCES "public"."journals"("journal_id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "journal_lines" ADD CONSTRAINT "journal_lines_debit_account_accounts_account_id_fk" FOREIGN KEY ("debit_account") REFERENCES "public"."accounts"("account_id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "journal_lines" ADD CONSTRAINT "journal_lines_credit_account_accounts_account_id_fk" FOREIGN KEY ("credit_account") REFERENCES "public"."accounts"("account_id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "credit_notes_created" ON "credit_notes" USING btree ("created_at","credit_note_id");--> statement-breakpoint
CREATE INDEX "credit_notes_seller" ON "credit_notes" USING btree ("seller_wallet_id","created_at","credit_note_id");--> statement-breakpoint
CREATE INDEX "credit_notes_order" ON "credit_notes" USING btree ("order_id","created_at","credit_note_id");--> statement-breakpoint
CREATE INDEX "invoices_created" ON "invoices" USING btree ("created_at","invoice_id");--> statement-breakpoint
CREATE INDEX "invoices_seller" ON "invoices" USING btree ("seller_wallet_id","created_at","invoice_id");--> statement-breakpoint
CREATE INDEX "invoices_buyer" ON "invoices" USING btree ("buyer_wallet_id","created_at","invoice_id");--> statement-breakpoint
CREATE INDEX "invoices_order" ON "invoices" USING btree ("order_id","created_at","invoice_id");--> statement-breakpoint
CREATE INDEX "invoices_unusual" ON "invoices" USING btree ("status","created_at","invoice_id") WHERE status <> 'PAID';--> statement-breakpoint
CREATE INDEX "journals_seller" ON "journals" USING btree ("seller_wallet_id","created_at","journal_id");--> statement-breakpoint
CREATE INDEX "journals_order" ON "journals" USING btree ("order_id","created_at","journal_id");--> statement-breakpoint
CREATE INDEX "journals_created" ON "journals" USING btree ("created_at","journal_id");--> statement-breakpoint
CREATE INDEX "outbox_events_sequence" ON "outbox_events" USING btree ("sequence");--> statement-breakpoint
CREATE INDEX "outbox_events_xid" ON "outbox_events" USING btree ("xid");