-- What the service's role may do: accept movements, move their status, and append steps and events. What was asked for
-- cannot be changed, steps and events cannot be changed, and nothing can be deleted.
GRANT USAGE ON SCHEMA public TO transfer_service;
GRANT SELECT, INSERT ON transfers, transactions, transfer_steps, outbox_events TO transfer_service;
GRANT UPDATE (status, failure_reason, failure_detail, updated_at, start_due_at, attention_reason, attention_since, attention_error)
  ON transfers, transactions TO transfer_service;
GRANT SELECT, INSERT ON transfer_batches TO transfer_service;
GRANT UPDATE (status, completed_count, failed_count, updated_at, start_due_at, attention_reason, attention_since, attention_error)
  ON transfer_batches TO transfer_service;
