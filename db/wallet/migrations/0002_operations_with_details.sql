-- Their answers have a further member now, and debit a further argument: functions/ defines them anew after this.
DROP FUNCTION IF EXISTS debit(uuid, uuid, text, numeric, text, text);
--> statement-breakpoint
DROP FUNCTION IF EXISTS withdraw(uuid, uuid, text, numeric, text, text);
--> statement-breakpoint
DROP FUNCTION IF EXISTS reject_leg(uuid, text, text);
