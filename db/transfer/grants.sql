-- What the service's role may do: accept movements, move their status, and append steps and events. What was asked for
-- cannot be changed, steps and events cannot be changed, and nothing can be deleted.
GRANT USAGE ON SCHEMA public TO transfer_service;
GRANT SELECT, INSERT ON transfers, transactions, transfer_steps, outbox_events TO transfer_service;
GRANT UPDATE (status, failure_reason, updated_at, start_due_at, attention_reason, attention_since, attention_error)
  ON transfers, transactions TO transfer_service;
GRANT SELECT, INSERT ON cases, case_actions, reconciliation_runs TO transfer_service;
GRANT UPDATE (status, last_error, attempts, updated_at, resolved_at) ON cases TO transfer_service;
GRANT UPDATE (status, checked, repaired, cases_opened, cases_closed, found, findings, error, patrol, finished_at)
  ON reconciliation_runs TO transfer_service;
