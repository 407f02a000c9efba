-- Functions alone: the legs of a group of transfers.
SELECT 1;
