-- The rights of the service's role: to read the tables and to call the fenced operations. It writes no table.
REVOKE ALL ON ALL FUNCTIONS IN SCHEMA public FROM PUBLIC;
GRANT USAGE ON SCHEMA public TO accounting_service;
GRANT USAGE ON SCHEMA migrations TO accounting_service;
GRANT SELECT ON migrations.__drizzle_migrations, installation, outbox_events, outbox_seals TO accounting_service;
GRANT SELECT ON accounts, document_numbers, journals, journal_lines, invoices, invoice_lines, credit_notes, credit_note_lines, step_fences
  TO accounting_service;
GRANT EXECUTE ON FUNCTION
  post_invoice(uuid, integer, uuid, uuid, uuid, uuid, text, jsonb, numeric, uuid, text, text, text),
  settle_due(uuid, integer, uuid, uuid, uuid, text, uuid, text, text, text),
  post_credit_note(uuid, uuid, uuid, uuid, text, jsonb, text, text, text),
  post_refund(uuid, uuid, uuid, uuid, text, uuid, text, text, text)
TO accounting_service;
-- For an audit with the service's role.
GRANT EXECUTE ON FUNCTION unfolded_events(text, text, json), event_digest(text, text, jsonb) TO accounting_service;
