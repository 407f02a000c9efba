CREATE TABLE "ledger_entries" (
	"entry_id" uuid NOT NULL,
	"wallet_id" uuid NOT NULL,
	"transaction_id" uuid NOT NULL,
	"type" text NOT NULL,
	"amount" numeric(19, 4) NOT NULL,
	"sequence" bigint NOT NULL,
	"balance_after" numeric(28, 4) NOT NULL,
	"created_at" timestamp (3) with time zone NOT NULL,
	CONSTRAINT "ledger_entries_wallet_id_sequence_pk" PRIMARY KEY("wallet_id","sequence"),
	CONSTRAINT "ledger_entries_wallet_transaction_type" UNIQUE("wallet_id","transaction_id","type"),
	CONSTRAINT "ledger_entries_amount_positive" CHECK (amount > 0),
	CONSTRAINT "ledger_entries_type" CHECK (type in ('DEBIT', 'CREDIT', 'REFUND'))
);
--> statement-breakpoint
CREATE TABLE "operation_fences" (
	"transaction_id" uuid NOT NULL,
	"leg" text NOT NULL,
	"outcome" text NOT NULL,
	"reason" text,
	"wallet_id" uuid NOT NULL,
	"currency" text NOT NULL,
	"amount" numeric(19, 4) NOT NULL,
	"created_at" timestamp (3) with time zone DEFAULT clock_timestamp() NOT NULL,
	CONSTRAINT "operation_fences_transaction_id_leg_pk" PRIMARY KEY("transaction_id","leg"),
	CONSTRAINT "operation_fences_leg" CHECK (leg in ('debit', 'credit', 'refund', 'deposit', 'withdrawal')),
	CONSTRAINT "operation_fences_amount_positive" CHECK (amount > 0),
	CONSTRAINT "operation_fences_outcome" CHECK (outcome in ('applied', 'rejected', 'canceled')),
	CONSTRAINT "operation_fences_reason" CHECK ((outcome = 'applied') = (reason is null))
);
--> statement-breakpoint
CREATE TABLE "outbox_events" (
	"event_id" text PRIMARY KEY NOT NULL,
	"type" text NOT NULL,
	"subject" text NOT NULL,
	"payload" jsonb NOT NULL,
	"status" text DEFAULT 'PENDING' NOT NULL,
	"publish_attempts" integer DEFAULT 0 NOT NULL,
	"last_error" text,
	"created_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	"published_at" timestamp (3) with time zone
);
--> statement-breakpoint
CREATE TABLE "shard_buckets" (
	"only_row" integer PRIMARY KEY DEFAULT 1 NOT NULL,
	"first_bucket" integer NOT NULL,
	"last_bucket" integer NOT NULL,
	CONSTRAINT "shard_buckets_only_row" CHECK ("shard_buckets"."only_row" = 1),
	CONSTRAINT "shard_buckets_range" CHECK (0 <= "shard_buckets"."first_bucket" and "shard_buckets"."first_bucket" <= "shard_buckets"."last_bucket" and "shard_buckets"."last_bucket" <= 255)
);
--> statement-breakpoint
CREATE TABLE "wallets" (
	"wallet_id" uuid PRIMARY KEY NOT NULL,
	"user_id" text,
	"currency" text NOT NULL,
	"kind" text DEFAULT 'user' NOT NULL,
	"status" text DEFAULT 'ACTIVE' NOT NULL,
	"balance" numeric(28, 4) DEFAULT '0' NOT NULL,
	"held" numeric(28, 4) DEFAULT '0' NOT NULL,
	"last_sequence" bigint DEFAULT 0 NOT NULL,
	"created_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	"updated_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "wallets_user_id_currency" UNIQUE("user_id","currency"),
	CONSTRAINT "wallets_balance_not_negative" CHECK (kind = 'external' or balance >= 0),
	CONSTRAINT "wallets_held_not_negative" CHECK (held >= 0),
	CONSTRAINT "wallets_currency" CHECK (currency ~ '^[A-Z]{3}$'),
	CONSTRAINT "wallets_kind" CHECK ((kind = 'user' and user_id is not null) or (kind = 'external' and user_id is null)),
	CONSTRAINT "wallets_status" CHECK (status in ('ACTIVE', 'SUSPENDED'))
);
--> statement-breakpoint
ALTER TABLE "ledger_entries" ADD CONSTRAINT "ledger_entries_wallet_id_wallets_wallet_id_fk" FOREIGN KEY ("wallet_id") REFERENCES "public"."wallets"("wallet_id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "ledger_entries_transaction" ON "ledger_entries" USING btree ("transaction_id");--> statement-breakpoint
CREATE INDEX "ledger_entries_wallet_created" ON "ledger_entries" USING btree ("wallet_id","created_at","sequence");--> statement-breakpoint
CREATE UNIQUE INDEX "wallets_external_currency" ON "wallets" USING btree ("currency") WHERE kind = 'external';--> statement-breakpoint
CREATE INDEX "wallets_created" ON "wallets" USING btree ("created_at" DESC NULLS FIRST,"wallet_id" DESC NULLS FIRST) WHERE kind = 'user';