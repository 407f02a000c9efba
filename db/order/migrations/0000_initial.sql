CREATE TABLE "consignments" (
	"order_id" uuid NOT NULL,
	"n" integer NOT NULL,
	"lines" integer[] NOT NULL,
	"goods" text NOT NULL,
	"money" text NOT NULL,
	"amount" numeric(19, 4) NOT NULL,
	"transfer_id" uuid NOT NULL,
	"hold_expires_at" timestamp (3) with time zone,
	"shipment_id" uuid,
	"carrier_reference" text,
	"release_reason" text,
	"invoice_number" bigint,
	"updated_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "consignments_order_id_n_pk" PRIMARY KEY("order_id","n"),
	CONSTRAINT "consignments_goods" CHECK ("consignments"."goods" IN ('RESERVED', 'ISSUED', 'DELIVERED', 'RELEASED')),
	CONSTRAINT "consignments_money" CHECK ("consignments"."money" IN ('HELD', 'CAPTURED', 'VOIDED', 'DUE', 'COLLECTED', 'WRITTEN_OFF'))
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
CREATE TABLE "order_actions" (
	"order_id" uuid NOT NULL,
	"request_key" text NOT NULL,
	"action" text NOT NULL,
	"actor" text NOT NULL,
	"comment" text NOT NULL,
	"created_at" timestamp (3) with time zone DEFAULT clock_timestamp() NOT NULL,
	CONSTRAINT "order_actions_order_id_request_key_pk" PRIMARY KEY("order_id","request_key")
);
--> statement-breakpoint
CREATE TABLE "order_cases" (
	"case_id" uuid PRIMARY KEY DEFAULT gen_random_uuid() NOT NULL,
	"order_id" uuid NOT NULL,
	"reason" text NOT NULL,
	"last_error" text,
	"opened_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	"closed_at" timestamp (3) with time zone
);
--> statement-breakpoint
CREATE TABLE "order_lines" (
	"order_id" uuid NOT NULL,
	"line" integer NOT NULL,
	"sku" text NOT NULL,
	"quantity" bigint NOT NULL,
	"unit_price" numeric(19, 4) NOT NULL,
	CONSTRAINT "order_lines_order_id_line_pk" PRIMARY KEY("order_id","line"),
	CONSTRAINT "order_lines_positive" CHECK ("order_lines"."quantity" > 0 AND "order_lines"."unit_price" > 0)
);
--> statement-breakpoint
CREATE TABLE "order_steps" (
	"order_id" uuid NOT NULL,
	"n" integer NOT NULL,
	"step" text NOT NULL,
	"reason" text,
	"created_at" timestamp (3) with time zone DEFAULT clock_timestamp() NOT NULL,
	CONSTRAINT "order_steps_order_id_n_step_pk" PRIMARY KEY("order_id","n","step")
);
--> statement-breakpoint
CREATE TABLE "orders" (
	"order_id" uuid PRIMARY KEY NOT NULL,
	"buyer_wallet_id" uuid NOT NULL,
	"seller_wallet_id" uuid NOT NULL,
	"currency" text NOT NULL,
	"goods_amount" numeric(28, 4) NOT NULL,
	"shipping_amount" numeric(19, 4) NOT NULL,
	"allow_split" boolean NOT NULL,
	"status" text DEFAULT 'PENDING' NOT NULL,
	"cancel_reason" text,
	"compensating" boolean DEFAULT false NOT NULL,
	"reference" text,
	"metadata" jsonb,
	"idempotency_key" text NOT NULL,
	"body_hash" "bytea" NOT NULL,
	"request_id" text NOT NULL,
	"traceparent" text,
	"deadline_at" timestamp (3) with time zone NOT NULL,
	"hold_seconds" integer NOT NULL,
	"start_due_at" timestamp (3) with time zone,
	"attention_case_id" uuid,
	"attention_reason" text,
	"attention_since" timestamp (3) with time zone,
	"attention_error" text,
	"created_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	"updated_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "orders_status" CHECK ("orders"."status" IN ('PENDING', 'CONFIRMED', 'COMPLETED', 'PARTLY_COMPLETED', 'CANCELED')),
	CONSTRAINT "orders_cancel_reason" CHECK ("orders"."cancel_reason" IN ('out_of_stock', 'payment_refused', 'delivery_refused', 'not_handed_over', 'timed_out', 'canceled')),
	CONSTRAINT "orders_two_wallets" CHECK ("orders"."buyer_wallet_id" <> "orders"."seller_wallet_id"),
	CONSTRAINT "orders_amounts" CHECK ("orders"."goods_amount" > 0 AND "orders"."shipping_amount" >= 0)
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
CREATE TABLE "products" (
	"sku" text PRIMARY KEY NOT NULL,
	"name" text,
	"unit_price" numeric(19, 4) NOT NULL,
	"currency" text NOT NULL,
	"created_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	"updated_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "products_unit_price_positive" CHECK ("products"."unit_price" > 0)
);
--> statement-breakpoint
CREATE TABLE "return_lines" (
	"return_id" uuid NOT NULL,
	"order_id" uuid NOT NULL,
	"line" integer NOT NULL,
	"quantity" bigint NOT NULL,
	"disposition" text,
	CONSTRAINT "return_lines_return_id_line_pk" PRIMARY KEY("return_id","line"),
	CONSTRAINT "return_lines_positive" CHECK ("return_lines"."quantity" > 0)
);
--> statement-breakpoint
CREATE TABLE "returns" (
	"return_id" uuid PRIMARY KEY NOT NULL,
	"order_id" uuid NOT NULL,
	"status" text DEFAULT 'REQUESTED' NOT NULL,
	"idempotency_key" text NOT NULL,
	"body_hash" "bytea" NOT NULL,
	"request_id" text NOT NULL,
	"traceparent" text,
	"amount" numeric(19, 4) NOT NULL,
	"credit_note_number" bigint,
	"refund_transfer_id" uuid,
	"start_due_at" timestamp (3) with time zone,
	"attention_reason" text,
	"attention_since" timestamp (3) with time zone,
	"attention_error" text,
	"received_at" timestamp (3) with time zone,
	"created_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	"updated_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "returns_status" CHECK ("returns"."status" IN ('REQUESTED', 'RECEIVED', 'REFUNDED', 'REFUND_DUE'))
);
--> statement-breakpoint
ALTER TABLE "consignments" ADD CONSTRAINT "consignments_order_id_orders_order_id_fk" FOREIGN KEY ("order_id") REFERENCES "public"."orders"("order_id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "order_actions" ADD CONSTRAINT "order_actions_order_id_orders_order_id_fk" FOREIGN KEY ("order_id") REFERENCES "public"."orders"("order_id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "order_cases" ADD CONSTRAINT "order_cases_order_id_orders_order_id_fk" FOREIGN KEY ("order_id") REFERENCES "public"."orders"("order_id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "order_lines" ADD CONSTRAINT "order_lines_order_id_orders_order_id_fk" FOREIGN KEY ("order_id") REFERENCES "public"."orders"("order_id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "order_steps" ADD CONSTRAINT "order_steps_order_id_orders_order_id_fk" FOREIGN KEY ("order_id") REFERENCES "public"."orders"("order_id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "return_lines" ADD CONSTRAINT "return_lines_return_id_returns_return_id_fk" FOREIGN KEY ("return_id") REFERENCES "public"."returns"("return_id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "return_lines" ADD CONSTRAINT "return_lines_order_id_line_order_lines_order_id_line_fk" FOREIGN KEY ("order_id","line") REFERENCES "public"."order_lines"("order_id","line") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "returns" ADD CONSTRAINT "returns_order_id_orders_order_id_fk" FOREIGN KEY ("order_id") REFERENCES "public"."orders"("order_id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "order_cases_open" ON "order_cases" USING btree ("opened_at","case_id") WHERE closed_at IS NULL;--> statement-breakpoint
CREATE INDEX "order_cases_order" ON "order_cases" USING btree ("order_id","opened_at");--> statement-breakpoint
CREATE INDEX "orders_created" ON "orders" USING btree ("created_at","order_id");--> statement-breakpoint
CREATE INDEX "orders_status_created" ON "orders" USING btree ("status","created_at","order_id");--> statement-breakpoint
CREATE INDEX "orders_buyer_created" ON "orders" USING btree ("buyer_wallet_id","created_at","order_id");--> statement-breakpoint
CREATE INDEX "orders_buyer_status_created" ON "orders" USING btree ("buyer_wallet_id","status","created_at","order_id");--> statement-breakpoint
CREATE INDEX "orders_compensating" ON "orders" USING btree ("created_at","order_id") WHERE compensating AND status IN ('PENDING', 'CONFIRMED');--> statement-breakpoint
CREATE INDEX "orders_attention" ON "orders" USING btree ("created_at","order_id") WHERE attention_since IS NOT NULL;--> statement-breakpoint
CREATE INDEX "orders_start_due" ON "orders" USING btree ("start_due_at") WHERE status IN ('PENDING', 'CONFIRMED');--> statement-breakpoint
CREATE INDEX "outbox_events_sequence" ON "outbox_events" USING btree ("sequence");--> statement-breakpoint
CREATE INDEX "outbox_events_xid" ON "outbox_events" USING btree ("xid");--> statement-breakpoint
CREATE INDEX "return_lines_order" ON "return_lines" USING btree ("order_id","line");--> statement-breakpoint
CREATE INDEX "returns_order" ON "returns" USING btree ("order_id","created_at");--> statement-breakpoint
CREATE INDEX "returns_start_due" ON "returns" USING btree ("start_due_at") WHERE status = 'RECEIVED';