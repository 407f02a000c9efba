/**
 * The stable codes of what can be wrong with one value in a request, and what each says. The errors of the schemas are
 * these codes.
 */

/** Answered with 422, those about the Idempotency-Key with 400. */
export const FIELD_FAULTS = {
  body_invalid: 'The body must be a JSON object.',
  field_missing: 'The field is required.',
  unknown_field: 'There is no such field.',
  unknown_parameter: 'There is no such parameter.',
  text_invalid: 'Must be a string of Unicode characters, without NUL and lone surrogates.',
  character_forbidden: 'Must have no control characters, line separators, or marks that change the direction of text.',
  too_short: 'Must not be empty.',
  too_long: 'Is longer than allowed.',
  wallet_id_invalid: 'Must be a UUID.',
  transfer_id_invalid: 'Must be a UUID.',
  transaction_id_invalid: 'Must be a UUID.',
  batch_id_invalid: 'Must be a UUID.',
  items_invalid: 'Must be an array of 1 to 10000 items.',
  item_invalid: 'Must be a JSON object.',
  case_id_invalid: 'Must be a UUID.',
  run_id_invalid: 'Must be a UUID.',
  recurring_transfer_id_invalid: 'Must be a UUID.',
  same_wallet: 'Sender and receiver must be two wallets.',
  amount_invalid: 'Must be a decimal string such as "25.00": no number, sign, exponent or leading zero.',
  amount_not_positive: 'Must be more than zero.',
  amount_too_precise: 'Must have at most four decimals.',
  amount_too_large: 'Must have at most fifteen digits before the point.',
  currency_invalid: 'Must be an active ISO 4217 code in upper case.',
  amount_exceeds_transfer: 'Must be no more than the amount of the transfer.',
  capture_method_invalid: 'Must be automatic or manual.',
  expires_in_invalid: 'Must be a whole number of seconds from 60 to 2592000, and is for capture_method manual only.',
  scheduled_at_invalid: 'Must be an RFC 3339 time in the future, at most a year ahead.',
  scope_invalid: 'Must be changes or all.',
  action_invalid: 'Is not one of the actions.',
  actor_missing: 'Whoever steps in has to be named in X-Actor.',
  actor_invalid: 'X-Actor has 1 to 255 printable ASCII characters.',
  type_invalid: 'Must be CREDIT or DEBIT.',
  metadata_invalid: 'Must be an object of at most 50 keys of 1 to 40 characters, each with a string of at most 500.',
  metadata_pair_invalid:
    'Must be one pair, as metadata[key]=value, of a key of 1 to 40 characters and a value of at most 500.',
  status_invalid: 'Is not one of the statuses.',
  instant_invalid: 'Must be an RFC 3339 time with an offset, such as 2026-01-31T12:00:00Z.',
  every_or_calendar: 'Exactly one of every and calendar is needed.',
  every_invalid: 'Must be a whole number of seconds from 60 to 31622400.',
  calendar_invalid: 'Must be an object with parts such as {"day_of_month": 1, "hour": 9}, each within its bounds.',
  calendar_never: 'There is no such day in any of its months.',
  time_zone_invalid: 'Must be an IANA time zone, such as Europe/Berlin.',
  ends_before_start: 'Must be after starts_at.',
  ends_in_the_past: 'Has passed, so it would never run.',
  limit_invalid: 'Must be a whole number from 1 to 200.',
  cursor_invalid: 'Must be the next_cursor of an earlier answer to the same list.',
  value_invalid: 'Is not a valid value.',
  idempotency_key_missing: 'A request that moves money needs an Idempotency-Key.',
  idempotency_key_invalid: 'An Idempotency-Key has 1 to 255 printable ASCII characters.',
} as const satisfies Record<string, string>;

export type FieldCode = keyof typeof FIELD_FAULTS;
