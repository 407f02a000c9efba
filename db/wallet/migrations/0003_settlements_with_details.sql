-- Their answers have a further member now: functions/ defines them anew after this.
DROP FUNCTION IF EXISTS refund(uuid, uuid, text, numeric, numeric, text, text, text);
--> statement-breakpoint
DROP FUNCTION IF EXISTS cancel(uuid, text, uuid, text, numeric, text);
