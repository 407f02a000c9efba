-- The rights of the service's role: to accept orders and returns, move their status, and append steps, events and actions. It
-- cannot change what was ordered, nor steps, events and actions, and it can delete nothing.
REVOKE ALL ON ALL FUNCTIONS IN SCHEMA public FROM PUBLIC;
GRANT USAGE ON SCHEMA public TO order_service;
GRANT USAGE ON SCHEMA migrations TO order_service;
GRANT SELECT ON migrations.__drizzle_migrations, installation, outbox_seals TO order_service;
GRANT SELECT, INSERT ON products, orders, order_lines, consignments, order_steps, order_cases, order_actions, returns,
  return_lines, outbox_events TO order_service;
GRANT USAGE ON SEQUENCE outbox_sequence TO order_service;
GRANT UPDATE (name, unit_price, currency, updated_at) ON products TO order_service;
GRANT UPDATE (status, cancel_reason, compensating, updated_at, start_due_at,
    attention_case_id, attention_reason, attention_since, attention_error)
  ON orders TO order_service;
GRANT UPDATE (goods, money, transfer_id, hold_expires_at, shipment_id, carrier_reference, release_reason, invoice_number, updated_at)
  ON consignments TO order_service;
GRANT UPDATE (reason, last_error, closed_at) ON order_cases TO order_service;
GRANT UPDATE (status, credit_note_number, refund_transfer_id, start_due_at, received_at, updated_at,
    attention_reason, attention_since, attention_error)
  ON returns TO order_service;
GRANT UPDATE (disposition) ON return_lines TO order_service;
-- For an audit with the service's role.
GRANT EXECUTE ON FUNCTION unfolded_events(text, text, json), event_digest(text, text, jsonb) TO order_service;
