-- Rows of a thousand events are long, short-lived and read once: to compress them takes more time than to write them.
ALTER TABLE "outbox_events" ALTER COLUMN "payload" SET STORAGE EXTERNAL;
