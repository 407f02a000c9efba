ALTER TABLE "carrier_events" ADD COLUMN "has_risen" boolean;--> statement-breakpoint
-- What is there has risen as it arrived: its status ranks above all that came before it.
UPDATE "carrier_events" SET "has_risen" = ranked.rank > ranked.before FROM (
  SELECT event_id, rank, coalesce(max(rank) OVER (PARTITION BY shipment_id ORDER BY received_at, event_id ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING), 0) AS before
  FROM "carrier_events" JOIN (VALUES ('IN_TRANSIT', 1), ('OUT_FOR_DELIVERY', 2), ('DELIVERED', 3)) AS ranks (status, rank) USING (status)
) ranked WHERE ranked.event_id = "carrier_events".event_id;--> statement-breakpoint
ALTER TABLE "carrier_events" ALTER COLUMN "has_risen" SET NOT NULL;
