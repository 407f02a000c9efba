-- The rights of the service's role: to accept movements, move their status, and append steps, events and the log of cases. It
-- cannot change what was asked for, nor steps, events and the log, and it can delete nothing but runs of the reconciliation.
REVOKE ALL ON ALL FUNCTIONS IN SCHEMA public FROM PUBLIC;
GRANT USAGE ON SCHEMA public TO transfer_service;
GRANT USAGE ON SCHEMA migrations TO transfer_service;
GRANT SELECT ON migrations.__drizzle_migrations TO transfer_service;
GRANT SELECT, INSERT ON transfers, transactions, transfer_steps, outbox_events, cases, case_actions, movement_metadata
  TO transfer_service;
GRANT USAGE ON SEQUENCE outbox_sequence TO transfer_service;
GRANT UPDATE (status, failure_reason, failure_detail, updated_at, start_due_at,
    attention_case_id, attention_reason, attention_since, attention_error)
  ON transfers, transactions TO transfer_service;
GRANT UPDATE (captured_amount, reversed_amount, cancel_due_at) ON transfers TO transfer_service;
GRANT UPDATE (reason, status, last_error, attempts, updated_at, resolved_at) ON cases TO transfer_service;
GRANT SELECT, INSERT ON transfer_batches, batch_proposals TO transfer_service;
GRANT UPDATE (status, completed_count, failed_count, updated_at, start_due_at,
    attention_case_id, attention_reason, attention_since, attention_error)
  ON transfer_batches TO transfer_service;
GRANT SELECT, INSERT, DELETE ON reconciliation_runs TO transfer_service;
GRANT UPDATE (status, checked, repaired, cases_opened, cases_closed, found, findings, error, patrol, shard_windows, finished_at)
  ON reconciliation_runs TO transfer_service;
GRANT SELECT, INSERT ON recurring_transfers, recurring_transfer_changes, recurring_transfer_skips TO transfer_service;
GRANT UPDATE (status, version, updated_at, settled_until, tend_due_at) ON recurring_transfers TO transfer_service;
GRANT SELECT ON installation, outbox_seals TO transfer_service;
GRANT SELECT, INSERT, UPDATE ON shard_watermarks TO transfer_service;
-- What needs approvals, and how they are given, is decided by the functions alone.
GRANT SELECT ON approval_policies, approvals, approval_votes, voter_rolls, approval_voters TO transfer_service;
GRANT UPDATE (start_due_at) ON approvals TO transfer_service;
GRANT EXECUTE ON FUNCTION
  ask_approval(uuid, uuid, text),
  ask_decision(uuid, text, jsonb, uuid, text),
  cast_vote(uuid, uuid, text, uuid, text, bytea, integer, text, uuid[]),
  withdraw_approval(uuid),
  expire_approvals(integer),
  proposed_items(uuid),
  change_approval_policy(text, jsonb, uuid, text, uuid[]),
  ask_grant(text, jsonb, uuid, text),
  record_voters(text, uuid[]),
  set_approval_policy(text, integer, numeric, numeric, integer, integer, text, text),
  set_approval_policy(text, integer, numeric, numeric, integer, integer, text)
TO transfer_service;
-- For an audit with the service's role.
GRANT EXECUTE ON FUNCTION unfolded_events(text, text, json), event_digest(text, text, jsonb) TO transfer_service;
