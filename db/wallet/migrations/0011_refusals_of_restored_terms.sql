-- Functions alone: a forced refund asks for the terms of its debit, and a plain debit releases what a lost hold of its terms held.
SELECT 1;
