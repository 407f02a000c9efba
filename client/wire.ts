/** Generated from the OpenAPI document by `npm run generate:client`: not to be edited. */

export interface Account {
  account_id: string;
  code: 'wallet' | 'receivable' | 'revenue' | 'shipping_revenue' | 'returns' | 'refunds_payable' | 'bad_debt';
  name: string;
  debit_total: string;
  credit_total: string;

  /** Debit minus credit. */
  balance: string;
}

export interface AmountOrAll {
  /** A decimal string: more than zero, at most 15 digits before the point and 4 after it. Answers have 4 decimals. In a currency without a minor unit, such as JPY, only whole numbers, unless the service is set to `AMOUNT_PRECISION=ledger`; see `GET /v1/currencies`. */
  amount?: string;
}

export interface ApiKey {
  api_key_id: string;
  principal_id: string;
  name: string;

  /** The first characters of the secret. */
  hint: string;
  scopes: Array<string>;
  cidrs: Array<string> | null;
  per_second: number | null;
  burst: number | null;
  status: 'ACTIVE' | 'EXPIRED' | 'REVOKED';

  /** The key by which it was made. */
  created_by: string | null;

  /** The key that takes its place. */
  rotated_to: string | null;
  created_at: string;

  /** Null for a key that was installed with the services. */
  expires_at: string | null;
  revoked_at: string | null;
}

export type ApiKeyMade = ApiKeyWithSecret & {
  /** The approval of kind `grant` until which its votes are refused with `vote_not_granted`; null if they count, or it has none. */
  awaits_approval_id: string | null;
};

export interface ApiKeyRequest {
  name: string;
  scopes: Array<
    | 'wallets:read'
    | 'wallets:write'
    | 'transfers:read'
    | 'transfers:write'
    | 'transactions:write'
    | 'orders:read'
    | 'orders:write'
    | 'stock:write'
    | 'events:read'
    | 'events:write'
    | 'webhooks:read'
    | 'webhooks:write'
    | 'cases:read'
    | 'cases:write'
    | 'approvals:read'
    | 'approvals:write'
    | 'approvals:override'
    | 'policies:write'
    | 'keys:read'
    | 'keys:write'
    | 'audit:read'
    | 'principals:write'
    | 'tenants:read'
    | 'tenants:write'
  >;

  /** Seconds; at most 31536000, a year. Left out: 7776000, 90 days. It never outlives the key that asks. */
  expires_in?: number;

  /** The networks from which the key is accepted. Left out: those of the key that asks. */
  cidrs?: Array<string>;

  /** How many requests a second, of each process of the API. Left out: as many as the key that asks may. */
  per_second?: number;

  /** How many at once after a rest. Left out: as many as `per_second`. */
  burst?: number;

  /** Whose key it is. Left out: of the principal that asks. For another one, `principals:write` is needed. */
  principal_id?: string;
}

export interface ApiKeyRotation {
  /** Seconds; at most 31536000, a year. Left out: 7776000, 90 days. It never outlives the key that asks. */
  expires_in?: number;
  overlap?: number;
}

export type ApiKeyWithSecret = ApiKey & {
  /** Shown this once. Null if an earlier request with this Idempotency-Key made the key: rotate it, or revoke it. */
  secret: string | null;
};

export interface Approval {
  /** The id of the transfer, transaction or batch that waits, or one of its own for a decision or a change. */
  approval_id: string;

  /** `refund`, `write_off`: the decision about a case, which is carried out once it is approved. `policy`: the change of a policy, which the last vote makes. `grant`: that the votes of a principal count, from the last vote on. */
  kind: 'transfer' | 'transaction' | 'batch' | 'refund' | 'write_off' | 'policy' | 'grant';

  /** Of a decision or a change: what it would do. Null for a movement, which says so itself. */
  proposal: { [name: string]: string } | null;
  status: 'AWAITING' | 'APPROVED' | 'OVERRIDDEN' | 'REJECTED' | 'EXPIRED' | 'WITHDRAWN';

  /** `above`: the amount. `above_24h`: what its sender has sent within 24 hours without an approval. `always`: as long as there is a policy. */
  reason: 'above' | 'above_24h' | 'always';

  /** Of a batch, the sum of its items in this currency. Null where only the ledger will say how much it is, or it is more than an amount can be. */
  amount: string | null;
  currency: string;

  /** The principal that has asked for it, and has no vote; null for the run of a recurring transfer. */
  asked_by: string | null;
  asked_by_id: string | null;

  /** Of the request. A vote names it. */
  body_hash: string;

  /** Of the policy that demands it. A vote names it. */
  policy_version: number;

  /** How many principals have to approve. */
  needed: number;

  /** How many have, under that policy. */
  given: number;
  created_at: string;
  expires_at: string;
  decided_at: string | null;
}

export interface ApprovalPolicy {
  currency: string;
  version: number;

  /** A transfer of more, or a batch, needs approvals. */
  above: string | null;

  /** So does a transfer by which its sender has sent more within 24 hours without an approval. */
  above_24h: string | null;
  approvals: number;

  /** For how many seconds a transfer waits. */
  expires_in: number;
  set_by: string;
  created_at: string;
}

export interface ApprovalPolicyEnd {
  /** Of the policy that this takes the place of, so that nobody undoes another change unseen; 0 for none. */
  version: number;
}

export interface ApprovalPolicyRequest {
  /** Of the policy that this takes the place of, so that nobody undoes another change unseen; 0 for none. */
  version: number;

  /** A decimal string: more than zero, at most 15 digits before the point and 4 after it. Answers have 4 decimals. */
  above?: string;

  /** A decimal string: more than zero, at most 15 digits before the point and 4 after it. Answers have 4 decimals. */
  above_24h?: string;
  approvals?: number;
  expires_in?: number;
}

export interface ApprovalVote {
  body_hash: string;
  policy_version: number;
  comment: string;
}

export type ApprovalWithVotes = Approval & {
  votes: Array<{
    principal: string;
    principal_id: string;
    vote: 'approve' | 'reject' | 'override';

    /** No, if it was given under a former policy. */
    counts: boolean;
    comment: string;
    at: string;
  }>;
};

export interface AuditEvent {
  audit_event_id: string;
  at: string;
  action: string;

  /** The id, or the name, of what was changed. */
  object: string;

  /** The principal whose key it was; `administrator` of what was done with the installation itself. */
  principal: string;
  principal_id: string | null;
  api_key_id: string | null;

  /** Whom the request said that the principal acts for. */
  on_behalf_of: string | null;
  details: { [name: string]: string };

  /** The `X-Request-Id`, as log lines and events have it. */
  request_id: string | null;

  /** Where the event log has it, whose chain covers it. */
  position: number;
}

export interface Balance {
  wallet_id: string;
  currency: string;
  balance: string;
  at: string;
}

export interface BalanceHistory {
  wallet_id: string;
  currency: string;
  from: string;
  to: string;

  /** Just before `from`. */
  balance_before: string;

  /** The oldest first. */
  data: Array<{
    /** When the last entry of the step was made. */
    at: string;

    /** From then on, until the next step. */
    balance: string;

    /** How many entries the step has. */
    entries: number;
  }>;

  /** Whether every entry is a step. Otherwise the time is cut into as many equal slices as there may be points, and a step is the balance at the end of a slice: exact there, while in between it may have been any other. */
  is_exact: boolean;
}

export interface CarrierEvent {
  event_id: string;
  status: 'IN_TRANSIT' | 'OUT_FOR_DELIVERY' | 'DELIVERED';
  at: string;
  received_at: string;
}

export interface CarrierEventRequest {
  /** The carrier's own id of the report. */
  event_id: string;
  status: 'IN_TRANSIT' | 'OUT_FOR_DELIVERY' | 'DELIVERED';

  /** When it happened. */
  at: string;
}

export interface Case {
  case_id: string;

  /** What the case is about: `transfer/…`, `transaction/…`, `batch/…`, `wallet/…`, `recurring/…`; `movement/…` is a movement without a row; `shard/<n>` is a wallet database that was restored, which takes no movements until the case is closed; `workflow/<workflow id>` is a workflow that goes on although its movement has ended or its hold is settled. */
  subject: string;
  transfer_id: string | null;
  transaction_id: string | null;

  /** A stable code. Of the reconciliation: `workflow_missing`, `workflow_behind`, `entries_without_movement`, `entries_disagree`, `balance_disagrees`, `shard_behind`, `schedule_stopped`. Otherwise the failing activity of the compensation. */
  reason: string;
  status: 'OPEN' | 'RESOLVED';
  since: string;
  last_error: string | null;

  /** How often the failing activity or repair was tried. */
  attempts: number;
  resolved_at: string | null;
}

export interface CaseResolution {
  action: 'retry' | 'refund' | 'close';
  comment: string;
}

export type CaseWithHistory = Case & {
  history: Array<{
    action: 'opened' | 'retry' | 'refund' | 'write_off' | 'advanced' | 'closed' | 'resolved';

    /** The principal whose key it was; `counterpoise` if it happened by itself. */
    actor: string;

    /** Whom the request said that the actor acts for. */
    on_behalf_of: string | null;
    comment: string;
    at: string;
  }>;
};

export interface Consignment {
  n: number;

  /** ISSUED: they have left. RELEASED: they are back on the shelf, for ever. */
  goods: 'RESERVED' | 'ISSUED' | 'DELIVERED' | 'RELEASED';

  /** DUE: the goods have left, and the hold can no longer be captured; an operator decides. */
  money: 'HELD' | 'CAPTURED' | 'VOIDED' | 'DUE' | 'COLLECTED' | 'WRITTEN_OFF';
  amount: string;

  /** The transfer that holds or has paid it. */
  transfer_id: string;
  hold_expires_at: string | null;
  shipment_id: string | null;
  carrier_reference: string | null;
  release_reason: string | null;
  invoice_number: number | null;
  lines: Array<{ sku: string; quantity: number }>;
}

export interface ConsoleLink {
  /** Path and fragment, to be opened below the address of this API. Without a fragment where the API asks for no keys. */
  path: string;

  /** Seconds. */
  expires_in: number;
}

export interface ConsoleSessionRequest {
  link: string;
}

export interface CreditNote {
  credit_note_id: string;

  /** A return has one credit note, which has its id. */
  return_id: string;

  /** The wallet of the seller, whose books these are. */
  seller_wallet_id: string;

  /** 1, 2, 3 … within the seller's credit notes, without gaps. */
  number: number;
  order_id: string;
  currency: string;
  lines: Array<DocumentLine>;
  amount: string;

  /** The transfer that has paid it back; null as long as it is owed. */
  transfer_id: string | null;
  created_at: string;
  updated_at: string;
}

export interface Currency {
  /** ISO 4217. */
  code: string;

  /** The number of decimals of the smallest amount that can be paid out. */
  minor_units: number;

  /** The most decimals that the amount of a transaction may have. */
  transaction_decimals_max: number;

  /** The most decimals that the amount of a transfer may have. */
  transfer_decimals_max: number;
}

export interface CurrencyTotal {
  currency: string;

  /** What users can spend, what is held, and what is on its way. */
  total: string;
}

export interface DeadLetter {
  generation: number;
  position: number;
  event_id: string;
  type: string;
  subject: string;

  /** Of the last attempt. */
  error: string;
  attempts: number;
  failed_at: string;

  /** How many events of its subject wait behind it. */
  waiting_count: number;
}

export interface DocumentLine {
  sku: string;
  quantity: number;
  unit_price: string;
  amount: string;
}

/** A CloudEvent 1.0 with its position in the log. */
export interface Event {
  /** Its place in the log: 1, 2, 3 … without a gap. */
  position: number;
  specversion: '1.0';
  id: string;
  source: string;
  type: string;

  /** The wallet or movement that it is about: the partition key. */
  subject: string;

  /** Left out for the default tenant. */
  tenant?: string;
  time: string;
  datacontenttype: 'application/json';
  dataschema: string;
  requestid?: string;
  traceparent?: string;
  data: { [name: string]: unknown };
}

/** An outbox from which events are copied into the log. */
export interface EventSource {
  /** The database whose outbox it is. */
  source: string;
  status: 'COPYING' | 'STOPPED' | 'RESUMING';

  /** Why nothing more is copied until somebody decides. */
  stopped_reason: string | null;

  /** The position of its newest event in the log; 0 if it has none. */
  last_position: number;

  /** How many of its events the log was given. */
  event_count: number;

  /** How many were in the outbox and not in the log, at `seen_at`. */
  waiting_events: number;

  /** For how long the oldest of them has waited until now. */
  waiting_seconds: number | null;

  /** When the relay looked. It looks every few seconds, and each minute if nothing waits. */
  seen_at: string | null;
  last_resume: EventSourceResume;
}

export type EventSourceResume = {
  stopped_reason: string;

  /** The principal whose key it was; `counterpoise` if it happened by itself. */
  actor: string;

  /** Whom the request said that the actor acts for. */
  on_behalf_of: string | null;
  comment: string;
  requested_at: string;

  /** When everything that the outbox had was in the log. */
  completed_at: string | null;

  /** Events that the log has and the outbox had lost. */
  lost_in_outbox: number | null;

  /** Events that were taken away of the outbox and that the log had lost. */
  lost_in_log: number | null;
} | null;

export interface EventSourceResumption {
  comment: string;
}

export interface EventType {
  type: string;
  title: string;
  description: string;

  /** Names the version of the shape. Each event carries it. */
  dataschema: string;

  /** JSON Schema 2020-12 of the event as a whole, with an example. */
  schema: { [name: string]: unknown };
}

/** What transfers have brought to their receivers; of a hold, what was captured. */
export interface Flow {
  count: number;
  amount: string;
}

export interface Flows {
  /** When the first step begins. */
  from: string;

  /** When the last step ends. */
  to: string;

  /** In seconds. */
  step: number;

  /** The currencies in which something has moved, and the one that was asked for, ordered by their codes. */
  data: Array<{
    currency: string;
    steps: Array<{
      /** When the step begins. */
      at: string;
      transfers: Flow;
      credits: Flow;
      debits: Flow;
      refunds: Flow;
    }>;
  }>;

  /** All events up to this one are counted. */
  up_to_position: number;

  /** The newest position of the log. */
  head: number;
}

export interface FoundThings {
  q: string;

  /** At most 10 of each type and way of matching, the newest of each first. */
  data: Array<{
    type:
      | 'transfer'
      | 'transaction'
      | 'batch'
      | 'recurring_transfer'
      | 'case'
      | 'reconciliation_run'
      | 'wallet'
      | 'order'
      | 'order_case'
      | 'return'
      | 'product'
      | 'shipment'
      | 'invoice'
      | 'credit_note'
      | 'journal'
      | 'event'
      | 'webhook_endpoint'
      | 'principal'
      | 'api_key';
    id: string;
    matched: 'id' | 'reference' | 'metadata' | 'user_id' | 'sku' | 'name' | 'position';

    /** One line for people. */
    label: string;
    status: string | null;
    at: string | null;
    path: string;
  }>;

  /** Whether there are more of some type, or may be, because looking for them was given up: its list has the same filter, and goes on. */
  is_cut: boolean;

  /** Those that were asked, and those that could have been. `not_allowed`: the key lacks their scope. */
  sources: { [name: string]: 'ok' | 'unavailable' | 'not_configured' | 'not_allowed' };
}

export interface HandOver {
  carrier_reference: string;
}

export interface Invoice {
  invoice_id: string;

  /** The wallet of the seller, whose books these are. */
  seller_wallet_id: string;

  /** 1, 2, 3 … within the seller's invoices, without gaps. */
  number: number;
  buyer_wallet_id: string;
  order_id: string;

  /** The number of the consignment within the order. */
  consignment: number;

  /** DUE: the goods have left and the money could not be had. It is COLLECTED later, or WRITTEN_OFF. */
  status: 'PAID' | 'DUE' | 'COLLECTED' | 'WRITTEN_OFF';
  currency: string;
  lines: Array<DocumentLine>;
  shipping_amount: string;

  /** The lines and the shipping. */
  amount: string;

  /** The transfer that has paid it. */
  transfer_id: string | null;
  created_at: string;
  updated_at: string;
}

export interface Journal {
  journal_id: string;

  /** The wallet of the seller, whose books these are. */
  seller_wallet_id: string;

  /** `collection` and `write_off`: what became of an invoice that was due. */
  kind: 'invoice' | 'collection' | 'write_off' | 'credit_note' | 'refund';
  order_id: string;

  /** Null for a return. */
  consignment: number | null;
  return_id: string | null;

  /** The number of the invoice or the credit note that it posts. */
  number: number | null;

  /** The transfer that moved the money; null where none has moved. */
  transfer_id: string | null;
  lines: Array<JournalLine>;
  created_at: string;
}

export interface JournalLine {
  line: number;
  debit_account: string;
  credit_account: string;
  amount: string;
}

export interface LedgerEntry {
  entry_id: string;
  wallet_id: string;

  /** The transfer or the transaction that it belongs to. */
  transaction_id: string;
  type: 'DEBIT' | 'CREDIT' | 'REFUND';
  amount: string;

  /** 1, 2, 3 … within the wallet, without gaps. */
  sequence: number;
  balance_after: string;
  created_at: string;
}

export interface MovementLegs {
  fences: Array<{
    shard: number;
    movement_id: string;
    leg: 'debit' | 'credit' | 'refund' | 'release' | 'advance' | 'deposit' | 'withdrawal';
    outcome: 'applied' | 'rejected' | 'canceled';
    reason: string | null;
    is_hold: boolean;
    wallet_id: string;
    currency: string;
    amount: string;
    at: string;
  }>;
  entries: Array<{
    shard: number;
    movement_id: string;

    /** Null for the external wallet. */
    wallet_id: string | null;
    kind: 'user' | 'external';
    type: 'DEBIT' | 'CREDIT' | 'REFUND';
    amount: string;
    currency: string;
    sequence: number;
    at: string;
  }>;
  shards: Array<{ shard: number; state: 'ok' | 'unavailable' }>;
}

export interface Nothing {}

export interface Order {
  order_id: string;
  buyer_wallet_id: string;
  seller_wallet_id: string;

  /** COMPLETED, PARTLY_COMPLETED and CANCELED are final. */
  status: 'PENDING' | 'CONFIRMED' | 'COMPLETED' | 'PARTLY_COMPLETED' | 'CANCELED';

  /** Why the order is CANCELED. */
  cancel_reason:
    'out_of_stock' | 'payment_refused' | 'delivery_refused' | 'not_handed_over' | 'timed_out' | 'canceled' | null;

  /** Whether it is being undone now, before it is CANCELED. */
  compensating: boolean;
  currency: string;
  goods_amount: string;
  shipping_amount: string;
  total_amount: string;
  allow_split: boolean;
  lines: Array<OrderLine>;

  /** Empty until the order is confirmed. */
  consignments: Array<Consignment>;
  reference: string | null;
  metadata: { [name: string]: string };

  /** Set while an operator should look. What keeps failing goes on being tried. */
  attention: { case_id: string | null; reason: string; since: string; last_error: string | null } | null;
  created_at: string;
  updated_at: string;

  /** When the order is given up unless it is confirmed. */
  deadline_at: string;
}

export interface OrderCase {
  case_id: string;
  order_id: string;
  status: 'OPEN' | 'RESOLVED';

  /** A stable code: `payment_due`, or the step that keeps failing, such as `post_invoice_failing`. */
  reason: string;
  last_error: string | null;
  opened_at: string;
  closed_at: string | null;
}

export type OrderCaseWithHistory = OrderCase & {
  /** What operators decided about the order while the case was open, oldest first. */
  history: Array<{
    action: 'retry' | 'collect_again' | 'write_off';

    /** The principal whose key it was; `counterpoise` if it happened by itself. */
    actor: string;

    /** Whom the request said that the actor acts for. */
    on_behalf_of: string | null;
    comment: string;
    at: string;
  }>;
};

export interface OrderLine {
  sku: string;
  quantity: number;
  unit_price: string;
  amount: string;
}

export interface OrderRequest {
  buyer_wallet_id: string;
  seller_wallet_id: string;

  /** An active ISO 4217 code, upper case. */
  currency?: string;
  lines: Array<{ sku: string; quantity: number }>;

  /** Paid with the first consignment. Zero if it is left out. */
  shipping_amount?: string;

  /** What the buyer was shown. If the prices make another total, the order is refused with `price_changed`. */
  expected_total?: string;

  /** Whether each SKU may be delivered, and is paid, by itself: at most ten consignments. */
  allow_split?: boolean;

  /** Your own note, returned as it was sent. One line, without control characters and marks that change the direction of text. */
  reference?: string;

  /** Up to 50 keys of 1 to 40 characters, with strings of up to 500, each one line as `reference` is. */
  metadata?: { [name: string]: string };
}

export interface OrderResolution {
  action: 'retry' | 'collect_again' | 'write_off';
  comment: string;
}

export interface OrderStep {
  consignment: number | null;
  step: string;
  reason: string | null;
  at: string;
}

export interface OrderTimeline {
  order: Order;
  at: string;
  saga: Saga;

  /** What was posted for it, the oldest first. */
  journals: Array<Journal>;

  /** `gone`: Temporal keeps no history of it any more, or has none yet. */
  sources: { [name: string]: 'ok' | 'unavailable' | 'gone' };
}

export interface Overview {
  /** When it was read. One reading serves all who ask within a second. */
  at: string;

  /** Ordered by their codes. */
  currencies: Array<{
    currency: string;

    /** All that has come in and has not left. Null while the wallets cannot be asked. */
    total: string | null;

    /** What is debited for holds that nobody has decided about. Null while the transfers cannot be asked. */
    held: string | null;

    /** The amounts of the other transfers that are accepted and have not ended, those for later excepted. Null as `held`. */
    in_flight: string | null;
  }>;

  /** By the reconciliation: nothing is counted for this answer. */
  books: {
    /** Null if no reconciliation has come to its end yet. */
    balance: boolean | null;

    /** The open cases that say that books disagree. Null while the transfers cannot be asked. */
    disagreements: number | null;

    /** When a reconciliation last came to its end. */
    as_of: string | null;
  };

  /** The run that has finished last. */
  reconciliation: {
    run_id: string;
    status: 'CLEAN' | 'REPAIRED' | 'FOUND' | 'FAILED';
    scope: 'changes' | 'all';
    checked: number;
    repaired: number;
    found: number;
    started_at: string;
    finished_at: string;
  } | null;

  /** What waits for a person: whatever shows attention, and findings of the reconciliation. Null while the transfers or the orders cannot be asked. */
  needs_you: { count: number | null; oldest_age_seconds: number | null };

  /** The transfers that wait for the approval of somebody else. They are not in `needs_you`. Null while they cannot be asked. */
  awaiting_approval: { count: number | null; oldest_age_seconds: number | null };

  /** Every kind, in this order. `cases` are all open ones: many are about a movement that is counted as well. */
  attention: Array<{
    kind: 'transfers' | 'holds' | 'transactions' | 'batches' | 'orders' | 'returns' | 'cases' | 'order_cases';
    count: number;
    oldest_at: string | null;
    oldest_age_seconds: number | null;
  }>;
  under_way: Array<{
    kind: 'transfer' | 'hold' | 'batch_item' | 'deposit' | 'withdrawal' | 'order';
    status: string;
    count: number;
    oldest_age_seconds: number;

    /** Those that should have ended five minutes ago. */
    stuck: number;
  }>;
  workers: Array<{ name: string; status: 'up' | 'down'; reason?: string }>;

  /** None while Temporal cannot be asked. */
  queues: Array<{
    queue: string;
    type: 'workflow' | 'activity';

    /** Tasks that no worker has taken, as Temporal estimates. */
    waiting: number;
    oldest_seconds: number;
  }>;
  lag: Array<{
    name: string;

    /** That wait. */
    events: number;

    /** For how long the oldest waits. */
    seconds: number;

    /** Whether it waits for an operator. */
    is_stopped: boolean;
  }>;
  sources: {
    transfers: 'ok' | 'unavailable';
    wallets: 'ok' | 'unavailable';
    orders: 'ok' | 'unavailable' | 'not_configured';
    events: 'ok' | 'unavailable' | 'not_allowed';
    temporal: 'ok' | 'unavailable' | 'not_allowed';
  };
}

export interface Principal {
  principal_id: string;
  kind: 'human' | 'service';
  name: string;
  created_at: string;
}

export interface PrincipalRequest {
  name: string;
  kind: 'human' | 'service';
}

/** RFC 9457 problem details. */
export interface Problem {
  type: string;
  title: string;
  status: number;
  detail?: string;

  /** The path of the request. */
  instance?: string;

  /** Stable; programs should look at this. */
  code: string;

  /** As in X-Request-Id and in the logs. */
  request_id: string;

  /** Every fault of a request that does not validate, with a JSON pointer into the body or the name of the parameter. The problem has the code of the first fault. */
  errors?: Array<{ code: string; detail: string; pointer?: string; parameter?: string; [name: string]: unknown }>;
  [name: string]: unknown;
}

export interface Product {
  sku: string;
  name: string | null;
  unit_price: string;
  currency: string;
  created_at: string;
  updated_at: string;
}

export interface ProductRequest {
  /** A decimal string: more than zero, at most 15 digits before the point and 4 after it. Answers have 4 decimals. */
  unit_price: string;

  /** An active ISO 4217 code, upper case. */
  currency?: string;
  name?: string;
}

export interface Projection {
  projection: 'wallet_activity' | 'flows';

  /** The newest position of the log. */
  head: number;

  /** The one that is read. */
  live: {
    generation: number;

    /** Up to which it has counted the log. */
    position: number;

    /** Events that have failed, or wait behind such. */
    parked_count: number;

    /** Of those, the ones that are not tried again by themselves. */
    dead_letter_count: number;
  };

  /** The one that is being built, and becomes the live one once it has come as far and has nothing parked. */
  next: {
    generation: number;

    /** Up to which it has counted the log. */
    position: number;

    /** Events that have failed, or wait behind such. */
    parked_count: number;

    /** Of those, the ones that are not tried again by themselves. */
    dead_letter_count: number;
  } | null;
}

export interface Readiness {
  status: 'ready' | 'unavailable';
  checks: { [name: string]: { status: 'up' | 'down'; reason?: string } };

  /** The wallet shards that were restored to an earlier state than they had. Movements of their wallets are refused with 503 `wallet_shard_behind` until the case of `shard/<n>` is closed. Other movements are accepted, so the service counts as available. Missing in answers of the wallet API, which does not know it. */
  shards_behind?: Array<number>;

  /** Whether events leave the outboxes. Movements do not need that: while it is down, events wait in their outboxes. Missing in answers of the wallet API. */
  events?: { [name: string]: { status: 'up' | 'down'; reason?: string } };

  /** Whether an order would go through. Movements do not need that. Missing where the installation has no orders. */
  orders?: { [name: string]: { status: 'up' | 'down'; reason?: string } };
}

export interface ReconciliationRun {
  run_id: string;
  trigger: 'schedule' | 'request';
  scope: 'changes' | 'all';

  /** CLEAN: everything agrees. REPAIRED: all that disagreed was repaired. FOUND: there are cases. FAILED: the run could not finish, and the next one looks at the same changes again. */
  status: 'RUNNING' | 'CLEAN' | 'REPAIRED' | 'FOUND' | 'FAILED';

  /** The run looks at changes from this time on, which is before the end of the last run; null with the scope `all`. */
  from: string | null;

  /** The run looks at changes before this time. */
  to: string;

  /** Movements, entries and wallets that were looked at. */
  checked: number;

  /** Workflows that were started again, and Schedules that were put right. */
  repaired: number;
  cases_opened: number;
  cases_closed: number;

  /** Subjects that disagree, including those of open cases. */
  found: number;

  /** The first findings. */
  findings: Array<{
    subject: string;
    reason:
      | 'workflow_missing'
      | 'workflow_behind'
      | 'entries_without_movement'
      | 'entries_disagree'
      | 'balance_disagrees'
      | 'shard_behind'
      | 'schedule_stopped';
    detail: string;
  }>;
  error: string | null;
  started_at: string;
  finished_at: string | null;
}

export interface ReconciliationRunRequest {
  /** `changes`: what changed since the last run, and a part of the rest. `all`: everything. */
  scope?: 'changes' | 'all';
}

export interface RecurringTransfer {
  recurring_transfer_id: string;
  sender_wallet_id: string;
  receiver_wallet_id: string;

  /** DELETED is final. */
  status: 'ACTIVE' | 'PAUSED' | 'DELETED';
  amount: string;
  currency: string;
  reference: string | null;
  metadata: { [name: string]: string };
  every: number | null;
  calendar: { [name: string]: unknown } | null;
  time_zone: string;
  starts_at: string | null;
  ends_at: string | null;
  created_at: string;
  updated_at: string;
}

export interface RecurringTransferDetails {
  recurring_transfer_id: string;
  sender_wallet_id: string;
  receiver_wallet_id: string;

  /** DELETED is final. */
  status: 'ACTIVE' | 'PAUSED' | 'DELETED';
  amount: string;
  currency: string;
  reference: string | null;
  metadata: { [name: string]: string };
  every: number | null;
  calendar: { [name: string]: unknown } | null;
  time_zone: string;
  starts_at: string | null;
  ends_at: string | null;
  created_at: string;
  updated_at: string;

  /** The next ten at most, none unless it is ACTIVE; null while Temporal, which computes them, does not answer. None either while its Schedule does not run, which `schedule` tells. */
  next_runs: Array<string> | null;

  /** The state of its Temporal Schedule; null unless it is ACTIVE, and while Temporal does not answer. If it is `paused` or `missing`, the recurring transfer was made a moment ago, has no run left, or somebody stopped the Schedule in Temporal. In the last case the reconciliation puts it right, and runs that were due meanwhile, within a day, are made up for. */
  schedule: 'runs' | 'paused' | 'missing' | null;

  /** The ten newest runs; `/runs` lists all. */
  last_runs: Array<RecurringTransferRun>;

  /** The times of the ten latest runs that were missed and not caught up; `/skipped-runs` lists all. */
  skipped_runs: Array<string>;
}

export interface RecurringTransferMade {
  recurring_transfer_id: string;
  sender_wallet_id: string;
  receiver_wallet_id: string;

  /** DELETED is final. */
  status: 'ACTIVE' | 'PAUSED' | 'DELETED';
  amount: string;
  currency: string;
  reference: string | null;
  metadata: { [name: string]: string };
  every: number | null;
  calendar: { [name: string]: unknown } | null;
  time_zone: string;
  starts_at: string | null;
  ends_at: string | null;
  created_at: string;
  updated_at: string;

  /** The next ten at most, none unless it is ACTIVE; null where Temporal, which computes them, did not answer in time: ask again. */
  next_runs: Array<string> | null;
}

export interface RecurringTransferRequest {
  sender_wallet_id: string;
  receiver_wallet_id: string;

  /** A decimal string: more than zero, at most 15 digits before the point and 4 after it. Answers have 4 decimals. In a currency without a minor unit, such as JPY, only whole numbers, unless the service is set to `AMOUNT_PRECISION=ledger`; see `GET /v1/currencies`. */
  amount: string;

  /** An active ISO 4217 code, upper case. */
  currency?: string;

  /** Your own note, returned as it was sent. One line, without control characters and marks that change the direction of text. */
  reference?: string;

  /** Up to 50 keys of 1 to 40 characters, with strings of up to 500, each one line as `reference` is. */
  metadata?: { [name: string]: string };

  /** Seconds from one run to the next, 60 to 31622400. The first run is at `starts_at`, or one interval after now. Exactly one of `every` and `calendar` is needed. */
  every?: number;

  /** Runs at the times, in `time_zone`, that match all parts. A part is a number, a range `{start, end, step?}` that includes both ends, a list of these, or `"*"`; days of the week are names. Without a part, minute and hour are 0, and the others match every value: `{"day_of_month": 1, "hour": 9}` is 9:00 on the first of every month, `{"hour": "*", "minute": [0, 30], "day_of_week": ["MONDAY", "FRIDAY"]}` every half hour on two days of the week. Each time runs once on each of its days. If the clock is put forward over it, it runs right after the gap; if the clock is put back and shows it twice, it runs the first time. So a calendar of every hour runs once less on such a day. For evenly spaced runs, use `every`. */
  calendar?: {
    /** The default is 0. */
    minute?:
      | '*'
      | number
      | { start: number; end: number; step?: number }
      | Array<number | { start: number; end: number; step?: number }>;

    /** The default is 0. */
    hour?:
      | '*'
      | number
      | { start: number; end: number; step?: number }
      | Array<number | { start: number; end: number; step?: number }>;

    /** `"last"` is the last day of each month. */
    day_of_month?:
      | '*'
      | number
      | { start: number; end: number; step?: number }
      | 'last'
      | Array<number | { start: number; end: number; step?: number } | 'last'>;

    /** What happens to a `day_of_month` of 29 to 31 in a month without that day: `last`, the default, runs on the month's last day, `skip` does not run. Recurring transfers from before this choice existed skip, and show `skip`. */
    missing_day?: 'last' | 'skip';

    /** 1 is January. */
    month?:
      | '*'
      | number
      | { start: number; end: number; step?: number }
      | Array<number | { start: number; end: number; step?: number }>;
    year?:
      | '*'
      | number
      | { start: number; end: number; step?: number }
      | Array<number | { start: number; end: number; step?: number }>;
    day_of_week?:
      | 'SUNDAY'
      | 'MONDAY'
      | 'TUESDAY'
      | 'WEDNESDAY'
      | 'THURSDAY'
      | 'FRIDAY'
      | 'SATURDAY'
      | Array<'SUNDAY' | 'MONDAY' | 'TUESDAY' | 'WEDNESDAY' | 'THURSDAY' | 'FRIDAY' | 'SATURDAY'>;
  };

  /** The time zone of the calendar, by its IANA name. It has no effect on `every`. */
  time_zone?: string;

  /** No run is before it, and intervals are counted from it, even if it has passed. */
  starts_at?: string;

  /** No run is after it. At least one run must be before it. */
  ends_at?: string;
}

export interface RecurringTransferRun {
  /** The time that the run is for; null if it was triggered. */
  scheduled_for: string | null;
  transfer_id: string;
  status: 'AWAITING_APPROVAL' | 'SCHEDULED' | 'PENDING' | 'DEBITED' | 'COMPLETED' | 'FAILED' | 'CANCELED';
  failure_reason:
    | 'insufficient_funds'
    | 'sender_not_found'
    | 'receiver_not_found'
    | 'sender_suspended'
    | 'receiver_suspended'
    | 'currency_mismatch'
    | 'balance_limit'
    | 'limit_exceeded'
    | 'timed_out'
    | 'capture_expired'
    | 'terms_conflict'
    | null;

  /** Later than `scheduled_for` if the run was caught up. */
  accepted_at: string;
}

export interface Resolution {
  action: 'retry' | 'refund' | 'write_off';
  comment: string;
}

export interface Return {
  return_id: string;
  order_id: string;

  /** REFUND_DUE: the seller’s wallet could not pay for thirty days. Send the receipt again to have it tried again. */
  status: 'REQUESTED' | 'RECEIVED' | 'REFUNDED' | 'REFUND_DUE';
  currency: string;

  /** What goes back to the buyer: the goods at the prices of the order. */
  amount: string;
  lines: Array<{
    sku: string;
    quantity: number;
    unit_price: string;
    amount: string;

    /** Null until they are back. */
    disposition: 'restock' | 'scrap' | null;
  }>;
  credit_note_number: number | null;
  refund_transfer_id: string | null;
  attention: { reason: string; since: string; last_error: string | null } | null;
  received_at: string | null;
  created_at: string;
  updated_at: string;
}

export interface ReturnReceipt {
  scrapped?: Array<string>;
}

export interface ReturnRequest {
  lines: Array<{ sku: string; quantity: number }>;
}

export interface Saga {
  /** The newest run. Null while Temporal is down, and once it keeps no history of it. */
  workflow: { workflow_id: string; run_id: string; status: string } | null;
  started_at: string;
  deadline_at: string | null;
  ended_at: string | null;

  /** What was written of it, the oldest first. */
  steps: Array<{
    at: string;
    step: string;
    reason: string | null;

    /** The consignment; 0 for the whole, and where it is not known. */
    n: number;
  }>;
  lanes: Array<{
    lane: string;
    service: 'transfer' | 'wallet' | 'order' | 'inventory' | 'delivery' | 'accounting';
    legs: Array<{
      leg: string;

      /** The consignment; 0 for the whole, and where it is not known. */
      n: number;
      direction: 'forward' | 'compensation';

      /** The leg that it undoes. */
      compensates: string | null;

      /** What its fence has decided, for ever; null if nothing is decided, if it has no fence, or if its source is missing. */
      verdict: {
        outcome: 'applied' | 'rejected' | 'canceled' | 'done' | 'refused' | 'undone';
        reason: string | null;
        at: string;
      } | null;
      wallet_id: string | null;
      amount: string | null;
      currency: string | null;
      movement_id: string | null;

      /** The last ones. Temporal keeps no times of the attempts between the first and the last at an activity. */
      attempts: Array<{
        /** Within its activity. */
        ordinal: number;
        activity: string;
        started_at: string | null;
        ended_at: string | null;
        outcome: 'completed' | 'failed' | 'timed_out' | 'canceled' | 'running';
        error: string | null;
      }>;
      attempt_count: number;
    }>;
  }>;

  /** The activities that have not ended, as Temporal says now. */
  pending: Array<{
    activity: string;
    leg: string;

    /** The consignment; 0 for the whole, and where it is not known. */
    n: number;
    lane: string;
    attempt: number;
    last_error: string | null;
    last_started_at: string | null;
    next_try_at: string | null;
    state: 'scheduled' | 'started' | 'backing_off';
  }>;
  entries: Array<{
    lane: string;
    movement_id: string;

    /** Null for the external wallet. */
    wallet_id: string | null;
    kind: 'user' | 'external';
    type: 'DEBIT' | 'CREDIT' | 'REFUND';
    amount: string;
    signed: string;
    currency: string;
    sequence: number;
    at: string;
  }>;

  /** Of `signed`: zero once all money has arrived or is back, minus what is on its way before. */
  entries_sum: Array<{ currency: string; sum: string }>;
}

export interface Shipment {
  shipment_id: string;
  order_id: string;

  /** The number of the consignment within the order. */
  consignment: number;

  /** CANCELED and DELIVERED are final. Reports come out of order: the furthest status stays. */
  status: 'BOOKED' | 'CANCELED' | 'HANDED_OVER' | 'IN_TRANSIT' | 'OUT_FOR_DELIVERY' | 'DELIVERED';
  carrier_reference: string | null;
  units: number;

  /** What the carrier has reported, in the order of its arrival: the first 100 reports. */
  events: Array<CarrierEvent>;
  created_at: string;
  updated_at: string;
}

export interface SkippedRun {
  scheduled_for: string;
}

export interface Stock {
  sku: string;
  on_hand: number;

  /** The part of it that is promised to orders. */
  reserved: number;

  /** On hand and not reserved. */
  available: number;
  updated_at: string;
}

export interface StockAdjustment {
  quantity: number;

  /** A decimal string: more than zero, at most 15 digits before the point and 4 after it. Answers have 4 decimals. */
  unit_cost?: string;
  reason: string;
}

export interface StockCount {
  on_hand: number;
}

export interface StockEntry {
  sku: string;

  /** Without gaps within the SKU, from 1. */
  sequence: number;
  type: 'COUNT' | 'RECEIPT' | 'ADJUSTMENT' | 'RESERVATION' | 'RELEASE' | 'ISSUE' | 'RETURN' | 'SCRAP';

  /** How many it is about; of what was scrapped, which changes nothing, too. */
  quantity: number;
  on_hand_change: number;
  reserved_change: number;
  on_hand_after: number;
  reserved_after: number;

  /** The order, the return, the receipt or the adjustment; null for a count. */
  cause_id: string | null;
  consignment: number | null;
  unit_cost: string | null;
  reason: string | null;
  created_at: string;
}

export interface StockReceipt {
  quantity: number;

  /** A decimal string: more than zero, at most 15 digits before the point and 4 after it. Answers have 4 decimals. */
  unit_cost?: string;
  reason?: string;
}

export interface Tenant {
  tenant: string;
  created_at: string;
}

export interface TenantRequest {
  name: string;
}

export type TenantWithRootKey = Tenant & { root_key: ApiKeyWithSecret };

export interface Transaction {
  transaction_id: string;
  wallet_id: string;
  type: 'CREDIT' | 'DEBIT';

  /** PROCESSED and FAILED are final. AWAITING_APPROVAL: see `GET /v1/approvals`. */
  status: 'AWAITING_APPROVAL' | 'PENDING' | 'PROCESSED' | 'FAILED';

  /** Why the transaction is FAILED. */
  failure_reason:
    | 'insufficient_funds'
    | 'wallet_not_found'
    | 'wallet_suspended'
    | 'currency_mismatch'
    | 'balance_limit'
    | 'limit_exceeded'
    | 'timed_out'
    | 'canceled'
    | 'terms_conflict'
    | null;

  /** Set with `limit_exceeded`: the limit of the wallet, and the amount that could have moved. */
  failure_detail: { limit: 'max_amount' | 'outgoing_24h'; remaining: string } | null;
  amount: string;
  currency: string;
  reference: string | null;
  metadata: { [name: string]: string };

  /** Set while the compensation cannot finish by itself and an operator should look. The compensation goes on being tried. */
  attention: { case_id: string | null; reason: string; since: string; last_error: string | null } | null;
  created_at: string;
  updated_at: string;

  /** When the movement is given up and compensated, unless its money has arrived. A debited hold waits until its `expires_at`. */
  deadline_at: string;
}

export interface TransactionRequest {
  wallet_id: string;

  /** CREDIT puts money into the wallet, DEBIT takes it out. */
  type: 'CREDIT' | 'DEBIT';

  /** A decimal string: more than zero, at most 15 digits before the point and 4 after it. Answers have 4 decimals. At most the decimals of the currency's minor unit (USD 2, JPY 0, KWD 3), unless the service is set to `AMOUNT_PRECISION=ledger`; see `GET /v1/currencies`. */
  amount: string;

  /** An active ISO 4217 code, upper case. */
  currency?: string;

  /** Your own note, returned as it was sent. One line, without control characters and marks that change the direction of text. */
  reference?: string;

  /** Up to 50 keys of 1 to 40 characters, with strings of up to 500, each one line as `reference` is. */
  metadata?: { [name: string]: string };
}

export interface Transfer {
  transfer_id: string;
  sender_wallet_id: string;
  receiver_wallet_id: string;

  /** COMPLETED, FAILED and CANCELED are final. */
  status: 'AWAITING_APPROVAL' | 'SCHEDULED' | 'PENDING' | 'DEBITED' | 'COMPLETED' | 'FAILED' | 'CANCELED';

  /** Why the transfer is FAILED. */
  failure_reason:
    | 'insufficient_funds'
    | 'sender_not_found'
    | 'receiver_not_found'
    | 'sender_suspended'
    | 'receiver_suspended'
    | 'currency_mismatch'
    | 'balance_limit'
    | 'limit_exceeded'
    | 'timed_out'
    | 'capture_expired'
    | 'terms_conflict'
    | null;
  capture_method: 'automatic' | 'manual';

  /** What the receiver got; null until the transfer has ended. */
  captured_amount: string | null;

  /** What a hold gave back because it was not captured; null until the transfer has ended. */
  released_amount: string | null;

  /** When a hold is given back unless it is captured. */
  expires_at: string | null;

  /** When a scheduled transfer begins. */
  scheduled_at: string | null;

  /** The transfer that this one gives back. */
  reverses_transfer_id: string | null;

  /** The sum of its reversals, ended or under way. */
  reversed_amount: string;
  recurring_transfer_id: string | null;
  batch_id: string | null;

  /** The group that it was accepted in, where the service moves transfers in groups: the workflow `group/<group_id>`. What that does not bring to its end goes on as `transfer/<transfer_id>`. */
  group_id: string | null;

  /** Set with `limit_exceeded`: the limit of the wallet, and the amount that could have moved. */
  failure_detail: { limit: 'max_amount' | 'outgoing_24h'; remaining: string } | null;
  amount: string;
  currency: string;
  reference: string | null;
  metadata: { [name: string]: string };

  /** Set while the compensation cannot finish by itself and an operator should look. The compensation goes on being tried. */
  attention: { case_id: string | null; reason: string; since: string; last_error: string | null } | null;
  created_at: string;
  updated_at: string;

  /** When the movement is given up and compensated, unless its money has arrived. A debited hold waits until its `expires_at`. */
  deadline_at: string;
}

export interface TransferBatch {
  batch_id: string;

  /** COMPLETED once no item is pending, even if some items failed. AWAITING_APPROVAL: see `GET /v1/approvals`; its id is that of the batch. CANCELED: it was not approved, and nothing has moved. */
  status: 'AWAITING_APPROVAL' | 'PROCESSING' | 'COMPLETED' | 'CANCELED';

  /** `failed` counts the items that are FAILED or CANCELED. */
  counts: { total: number; pending: number; completed: number; failed: number };

  /** Set while the compensation cannot finish by itself and an operator should look. The compensation goes on being tried. */
  attention: { case_id: string | null; reason: string; since: string; last_error: string | null } | null;
  created_at: string;
  updated_at: string;

  /** When items that have not arrived are given up and compensated. */
  deadline_at: string;
}

export interface TransferBatchItem {
  /** The place of the item in the batch, from 0. */
  index: number;
  transfer_id: string;
  sender_wallet_id: string;
  receiver_wallet_id: string;
  amount: string;
  currency: string;
  reference: string | null;
  status: 'AWAITING_APPROVAL' | 'SCHEDULED' | 'PENDING' | 'DEBITED' | 'COMPLETED' | 'FAILED' | 'CANCELED';
  failure_reason:
    | 'insufficient_funds'
    | 'sender_not_found'
    | 'receiver_not_found'
    | 'sender_suspended'
    | 'receiver_suspended'
    | 'currency_mismatch'
    | 'balance_limit'
    | 'limit_exceeded'
    | 'timed_out'
    | 'capture_expired'
    | 'terms_conflict'
    | null;
}

export interface TransferBatchItemRequest {
  sender_wallet_id: string;
  receiver_wallet_id: string;

  /** A decimal string: more than zero, at most 15 digits before the point and 4 after it. Answers have 4 decimals. In a currency without a minor unit, such as JPY, only whole numbers, unless the service is set to `AMOUNT_PRECISION=ledger`; see `GET /v1/currencies`. */
  amount: string;

  /** An active ISO 4217 code, upper case. */
  currency?: string;

  /** Your own note, returned as it was sent. One line, without control characters and marks that change the direction of text. */
  reference?: string;
}

export interface TransferBatchRequest {
  items: Array<TransferBatchItemRequest>;
}

export interface TransferBatchTrial {
  /** Whether the batch would be accepted as it is. */
  is_acceptable: boolean;
  counts: { total: number; faulty: number };

  /** Of the items without a fault, ordered by the currencies. */
  totals: Array<{ currency: string; items: number; amount: string }>;

  /** The first 1000 items that have a fault, each with its first 5. */
  faults: Array<{
    /** The place of the item in the batch, from 0. */
    index: number;
    faults: Array<{ pointer: string; code: string; detail: string }>;
  }>;

  /** Whether more items have a fault than are listed. */
  is_cut: boolean;
}

export interface TransferBatchTrialRequest {
  items: Array<TransferBatchItemRequest>;
}

export interface TransferRequest {
  sender_wallet_id: string;
  receiver_wallet_id: string;

  /** A decimal string: more than zero, at most 15 digits before the point and 4 after it. Answers have 4 decimals. In a currency without a minor unit, such as JPY, only whole numbers, unless the service is set to `AMOUNT_PRECISION=ledger`; see `GET /v1/currencies`. */
  amount: string;

  /** An active ISO 4217 code, upper case. */
  currency?: string;

  /** Your own note, returned as it was sent. One line, without control characters and marks that change the direction of text. */
  reference?: string;

  /** Up to 50 keys of 1 to 40 characters, with strings of up to 500, each one line as `reference` is. */
  metadata?: { [name: string]: string };
  capture_method?: 'automatic' | 'manual';

  /** Seconds after which a hold that is not captured is given back, 60 to 2592000 (30 days); the default is 7 days. */
  expires_in?: number;

  /** When the transfer begins, at most a year ahead; until then it is SCHEDULED. */
  scheduled_at?: string;
}

export interface TransferStep {
  step: 'AWAITING_APPROVAL' | 'SCHEDULED' | 'PENDING' | 'DEBITED' | 'COMPLETED' | 'FAILED' | 'CANCELED' | 'ATTENTION';
  reason: string | null;
  at: string;
}

export interface TransferTimeline {
  transfer: Transfer;
  at: string;
  saga: Saga;

  /** `gone`: Temporal keeps no history of it any more, or has none yet. */
  sources: { [name: string]: 'ok' | 'unavailable' | 'gone' };
}

export interface TrialBalance {
  /** The wallet of the seller, whose books these are. */
  seller_wallet_id: string;

  /** Null if nothing was ever posted. */
  currency: string | null;
  accounts: Array<Account>;
  debit_total: string;

  /** The same as `debit_total`. */
  credit_total: string;
}

export interface Wallet {
  wallet_id: string;
  user_id: string;
  currency: string;
  status: 'ACTIVE' | 'SUSPENDED';

  /** The money that can be spent. */
  balance: string;

  /** The money that holds have taken out of the balance and that is not settled yet. */
  held: string;
  created_at: string;
  updated_at: string;
}

export interface WalletLimits {
  wallet_id: string;
  currency: string;

  /** null: no limit. */
  max_amount: string | null;

  /** null: no limit. */
  outgoing_24h: string | null;

  /** The money that has gone out within the last 24 hours, less the refunds of it. */
  outgoing_24h_used: string;

  /** null: no limit. */
  outgoing_24h_remaining: string | null;
}

export interface WalletLimitsRequest {
  /** The most that one movement may take out; null for no limit. */
  max_amount?: string;

  /** The most that all movements within any 24 hours together may take out; null for no limit. */
  outgoing_24h?: string;
}

export interface WalletRequest {
  /** One line without blanks at its ends. Stored and compared in Unicode’s form NFC; upper and lower case differ. */
  user_id: string;

  /** An active ISO 4217 code, upper case. */
  currency?: string;
}

export interface WebhookDelivery {
  position: number;
  webhook_id: string;
  type: string;
  subject: string;

  /** FAILED: given up after three days, or passed over by an `enable` from now. */
  status: 'PENDING' | 'DELIVERED' | 'FAILED';
  attempt_count: number;
  first_attempt_at: string;
  next_attempt_at: string | null;
  last_status_code: number | null;
  last_error_code: string | null;
  updated_at: string;
}

export type WebhookDeliveryWithAttempts = WebhookDelivery & {
  attempts: Array<{
    at: string;
    status_code: number | null;
    error_code: string | null;

    /** The first KiB of the answer. */
    answer: string | null;
    duration_ms: number;
  }>;
};

export interface WebhookEndpoint {
  webhook_endpoint_id: string;
  url: string;
  types: Array<string> | null;
  ordering: 'subject' | 'none';
  status: 'ACTIVE' | 'PAUSED' | 'DISABLED';

  /** `gone`: the receiver answered 410. `failing`: it accepted nothing for five days. `position_expired`: the events behind the cursor are no longer kept. */
  disabled_reason: 'gone' | 'failing' | 'position_expired' | null;

  /** Each event up to this position was delivered, is a pending delivery, or waits behind one. */
  cursor: number;
  failing_since: string | null;

  /** Until then a secret of before a rotation signs too; null if none does. */
  previous_secret_expires_at: string | null;
  created_at: string;
  updated_at: string;
}

export interface WebhookEndpointChange {
  /** https, without credentials, and leading to public addresses only, at each delivery again. Redirects are not followed. An operator may allow other networks (`WEBHOOK_ALLOW_CIDRS`), to which http is allowed, too. */
  url?: string;

  /** Null: every type but those of the audit log, `audit.…`, which have to be named. Those that there are: `GET /v1/event-types`. */
  types?: Array<string> | null;

  /** `subject`: the events of one wallet or transfer are delivered one after the other, in their order; one that fails holds up the later ones of its subject, and no other. `none`: each by itself. */
  ordering?: 'subject' | 'none';
  status?: 'ACTIVE' | 'PAUSED';
}

export interface WebhookEndpointRequest {
  /** https, without credentials, and leading to public addresses only, at each delivery again. Redirects are not followed. An operator may allow other networks (`WEBHOOK_ALLOW_CIDRS`), to which http is allowed, too. */
  url: string;

  /** Null: every type but those of the audit log, `audit.…`, which have to be named. Those that there are: `GET /v1/event-types`. */
  types?: Array<string> | null;

  /** `subject`: the events of one wallet or transfer are delivered one after the other, in their order; one that fails holds up the later ones of its subject, and no other. `none`: each by itself. */
  ordering?: 'subject' | 'none';
}

export type WebhookEndpointWithSecret = WebhookEndpoint & {
  /** Verifies the signatures. It is shown this once. */
  secret: string;
};

export interface WebhookReplay {
  replay_id: string;
  webhook_endpoint_id: string;
  from_position: number;
  to_position: number;
  types: Array<string> | null;
  only_failed: boolean;

  /** `EXPIRED`: the log keeps the events behind `read_to` no longer, and the replay ended there. */
  status: 'RUNNING' | 'COMPLETED' | 'EXPIRED';

  /** Up to here, everything was sent. */
  read_to: number;
  delivered_count: number;

  /** These are deliveries now, and tried again. */
  failed_count: number;
  created_at: string;
  finished_at: string | null;
}

export interface WebhookReplayRequest {
  from_position: number;
  to_position: number;

  /** Null: every type but those of the audit log, `audit.…`, which have to be named. Those that there are: `GET /v1/event-types`. */
  types?: Array<string> | null;
  only_failed?: boolean;
}

export interface WebhookTest {
  webhook_id: string;

  /** Whether the receiver answered 2xx. */
  delivered: boolean;
  status_code: number | null;

  /** Stable: `timeout`, `gone` … */
  error_code: string | null;

  /** The first KiB of the answer. */
  answer: string | null;
  duration_ms: number;
}

/** What each operation takes and answers. */
export interface Operations {
  /** Let a wallet send and receive again */
  activateWallet: {
    path: { wallet_id: string };
    query?: undefined;
    body?: undefined;
    answer: Wallet;
  };

  /** Adjust what is on hand */
  adjustStock: {
    path: { sku: string };
    query?: undefined;
    body: StockAdjustment;
    answer: StockEntry;
  };

  /** Approve what somebody else has asked for */
  approveTransfer: {
    path: { approval_id: string };
    query?: undefined;
    body: ApprovalVote;
    answer: ApprovalWithVotes;
  };

  /** Cancel an order, or what has not left of it */
  cancelOrder: {
    path: { order_id: string };
    query?: undefined;
    body?: {};
    answer: Order;
  };

  /** Cancel a transfer that is under way */
  cancelTransfer: {
    path: { transfer_id: string };
    query?: undefined;
    body?: Nothing;
    answer: Transfer;
  };

  /** Cancel a transfer that may not have been created */
  cancelTransferByKey: {
    path?: undefined;
    query?: undefined;
    body: TransferRequest;
    answer: Transfer;
  };

  /** Capture a hold */
  captureTransfer: {
    path: { transfer_id: string };
    query?: undefined;
    body?: AmountOrAll;
    answer: Transfer;
  };

  /** Set what is on hand of a SKU */
  countStock: {
    path: { sku: string };
    query?: undefined;
    body: StockCount;
    answer: Stock;
  };

  /** Make a key */
  createApiKey: {
    path?: undefined;
    query?: undefined;
    body: ApiKeyRequest;
    answer: ApiKeyMade;
  };

  /** Report how far a shipment is */
  createCarrierEvent: {
    path: { shipment_id: string };
    query?: undefined;
    body: CarrierEventRequest;
    answer: Shipment;
  };

  /** Make a link that signs in to the console, once */
  createConsoleLink: {
    path?: undefined;
    query?: undefined;
    body?: undefined;
    answer: ConsoleLink;
  };

  /** Sign in to the console by a link */
  createConsoleSession: {
    path?: undefined;
    query?: undefined;
    body: ConsoleSessionRequest;
    answer: ApiKeyWithSecret;
  };

  /** Place an order */
  createOrder: {
    path?: undefined;
    query?: undefined;
    body: OrderRequest;
    answer: Order;
  };

  /** Make a principal: a person or a service, who may have keys */
  createPrincipal: {
    path?: undefined;
    query?: undefined;
    body: PrincipalRequest;
    answer: Principal;
  };

  /** Compare transfers, ledger and workflows now */
  createReconciliationRun: {
    path?: undefined;
    query?: undefined;
    body?: ReconciliationRunRequest;
    answer: ReconciliationRun;
  };

  /** Create a recurring transfer */
  createRecurringTransfer: {
    path?: undefined;
    query?: undefined;
    body: RecurringTransferRequest;
    answer: RecurringTransferMade;
  };

  /** Announce that goods come back */
  createReturn: {
    path: { order_id: string };
    query?: undefined;
    body: ReturnRequest;
    answer: Return;
  };

  /** Make a tenant, with its root key */
  createTenant: {
    path?: undefined;
    query?: undefined;
    body: TenantRequest;
    answer: TenantWithRootKey;
  };

  /** Put money into a wallet, or take it out */
  createTransaction: {
    path?: undefined;
    query?: undefined;
    body: TransactionRequest;
    answer: Transaction;
  };

  /** Transfer money between two wallets */
  createTransfer: {
    path?: undefined;
    query?: undefined;
    body: TransferRequest;
    answer: Transfer;
  };

  /** Make up to 10000 transfers at once */
  createTransferBatch: {
    path?: undefined;
    query?: undefined;
    body: TransferBatchRequest;
    answer: TransferBatch;
  };

  /** Open a wallet */
  createWallet: {
    path?: undefined;
    query?: undefined;
    body: WalletRequest;
    answer: Wallet;
  };

  /** Have events delivered to a URL */
  createWebhookEndpoint: {
    path?: undefined;
    query?: undefined;
    body: WebhookEndpointRequest;
    answer: WebhookEndpointWithSecret;
  };

  /** Send events again */
  createWebhookReplay: {
    path: { webhook_endpoint_id: string };
    query?: undefined;
    body: WebhookReplayRequest;
    answer: WebhookReplay;
  };

  /** End a recurring transfer */
  deleteRecurringTransfer: {
    path: { recurring_transfer_id: string };
    query?: undefined;
    body?: undefined;
    answer: RecurringTransfer;
  };

  /** Delete a webhook endpoint */
  deleteWebhookEndpoint: {
    path: { webhook_endpoint_id: string };
    query?: undefined;
    body?: undefined;
    answer: WebhookEndpoint;
  };

  /** Make a webhook endpoint active again */
  enableWebhookEndpoint: {
    path: { webhook_endpoint_id: string };
    query?: undefined;
    body?: { from?: 'cursor' | 'now' };
    answer: WebhookEndpoint;
  };

  /** Have no transfer in a currency need approvals any more */
  endApprovalPolicy: {
    path: { currency: string };
    query?: undefined;
    body: ApprovalPolicyEnd;
    answer: ApprovalWithVotes;
  };

  /** Find anything by its id or name */
  find: {
    path?: undefined;
    query: { q: string };
    body?: undefined;
    answer: FoundThings;
  };

  /** A key, without its secret */
  getApiKey: {
    path: { api_key_id: string };
    query?: undefined;
    body?: undefined;
    answer: ApiKey;
  };

  /** What waits for approvals, with the votes */
  getApproval: {
    path: { approval_id: string };
    query?: undefined;
    body?: undefined;
    answer: ApprovalWithVotes;
  };

  /** A case and its history */
  getCase: {
    path: { case_id: string };
    query?: undefined;
    body?: undefined;
    answer: CaseWithHistory;
  };

  /** The event at a position */
  getEvent: {
    path: { position: number };
    query?: undefined;
    body?: undefined;
    answer: Event;
  };

  /** How much money has moved, in equal steps of time */
  getFlows: {
    path?: undefined;
    query?: {
      /** Default: every one in which something has moved. */
      currency?: string;

      /** The step that this instant is in is the first one. Not more than 90 days ago. Default: as many steps as make a day, up to the last one. */
      from?: string;

      /** The step that ends at this instant, or that it is in, is the last one. Default: now. */
      to?: string;

      /** In seconds; it begins at a multiple of itself, in UTC. There are 1000 at most, and 100 if no currency is named. */
      step?: 900 | 1800 | 3600 | 7200 | 10800 | 14400 | 21600 | 43200 | 86400;
    };
    body?: undefined;
    answer: Flows;
  };

  /** Whether the process is alive */
  getHealth: {
    path?: undefined;
    query?: undefined;
    body?: undefined;
    answer: { status: 'ok' };
  };

  /** An invoice */
  getInvoice: {
    path: { invoice_id: string };
    query?: undefined;
    body?: undefined;
    answer: Invoice;
  };

  /** What the wallet shards have decided and written of a transfer or a transaction */
  getMovementLegs: {
    path: { movement_id: string };
    query?: undefined;
    body?: undefined;
    answer: MovementLegs;
  };

  /** An order */
  getOrder: {
    path: { order_id: string };
    query?: undefined;
    body?: undefined;
    answer: Order;
  };

  /** A case of an order and its history */
  getOrderCase: {
    path: { case_id: string };
    query?: undefined;
    body?: undefined;
    answer: OrderCaseWithHistory;
  };

  /** The whole course of an order: legs, fences, attempts, money and books */
  getOrderTimeline: {
    path: { order_id: string };
    query?: undefined;
    body?: undefined;
    answer: OrderTimeline;
  };

  /** Where the money is, and what needs a person */
  getOverview: {
    path?: undefined;
    query?: undefined;
    body?: undefined;
    answer: Overview;
  };

  /** A product */
  getProduct: {
    path: { sku: string };
    query?: undefined;
    body?: undefined;
    answer: Product;
  };

  /** Whether movements are accepted and carried out, and the state of everything that they need */
  getReadiness: {
    path?: undefined;
    query?: undefined;
    body?: undefined;
    answer: Readiness;
  };

  /** A run and its result */
  getReconciliationRun: {
    path: { run_id: string };
    query?: undefined;
    body?: undefined;
    answer: ReconciliationRun;
  };

  /** A recurring transfer, with its next, last and skipped runs */
  getRecurringTransfer: {
    path: { recurring_transfer_id: string };
    query?: undefined;
    body?: undefined;
    answer: RecurringTransferDetails;
  };

  /** A return */
  getReturn: {
    path: { return_id: string };
    query?: undefined;
    body?: undefined;
    answer: Return;
  };

  /** A shipment, with what its carrier has reported */
  getShipment: {
    path: { shipment_id: string };
    query?: undefined;
    body?: undefined;
    answer: Shipment;
  };

  /** The stock of a SKU */
  getStock: {
    path: { sku: string };
    query?: undefined;
    body?: undefined;
    answer: Stock;
  };

  /** All the money in each currency */
  getTotals: {
    path?: undefined;
    query?: undefined;
    body?: undefined;
    answer: { data: Array<CurrencyTotal> };
  };

  /** A transaction */
  getTransaction: {
    path: { transaction_id: string };
    query?: undefined;
    body?: undefined;
    answer: Transaction;
  };

  /** A transfer */
  getTransfer: {
    path: { transfer_id: string };
    query?: undefined;
    body?: undefined;
    answer: Transfer;
  };

  /** A batch and its progress */
  getTransferBatch: {
    path: { batch_id: string };
    query?: undefined;
    body?: undefined;
    answer: TransferBatch;
  };

  /** The whole course of a transfer: legs, fences, attempts, entries */
  getTransferTimeline: {
    path: { transfer_id: string };
    query?: undefined;
    body?: undefined;
    answer: TransferTimeline;
  };

  /** The accounts of a seller's books, whose balances sum to zero */
  getTrialBalance: {
    path?: undefined;
    query: { seller_wallet_id: string };
    body?: undefined;
    answer: TrialBalance;
  };

  /** A wallet */
  getWallet: {
    path: { wallet_id: string };
    query?: undefined;
    body?: undefined;
    answer: Wallet;
  };

  /** What happened to a wallet on each day, by type of event */
  getWalletActivity: {
    path: { wallet_id: string };
    query?: {
      /** The first day. Default: the 30th up to the last one. */
      from?: string;

      /** The last day, of 366 at most. Default: today. */
      to?: string;
    };
    body?: undefined;
    answer: { data: Array<{ day: string; type: string; count: number; sum: string }>; up_to_position: number };
  };

  /** The balance of a wallet, now or at an instant */
  getWalletBalance: {
    path: { wallet_id: string };
    query?: {
      /** Default: now. */
      at?: string;
    };
    body?: undefined;
    answer: Balance;
  };

  /** How the balance of a wallet went */
  getWalletBalanceHistory: {
    path: { wallet_id: string };
    query?: {
      /** This instant included. Default: 30 days before `to`. */
      from?: string;

      /** This instant included. Default: now. */
      to?: string;
      points?: number;
    };
    body?: undefined;
    answer: BalanceHistory;
  };

  /** The limits of a wallet, and what remains of them */
  getWalletLimits: {
    path: { wallet_id: string };
    query?: undefined;
    body?: undefined;
    answer: WalletLimits;
  };

  /** A delivery and its attempts, oldest first */
  getWebhookDelivery: {
    path: { webhook_endpoint_id: string; position: number };
    query?: undefined;
    body?: undefined;
    answer: WebhookDeliveryWithAttempts;
  };

  /** A webhook endpoint */
  getWebhookEndpoint: {
    path: { webhook_endpoint_id: string };
    query?: undefined;
    body?: undefined;
    answer: WebhookEndpoint;
  };

  /** A replay */
  getWebhookReplay: {
    path: { webhook_endpoint_id: string; replay_id: string };
    query?: undefined;
    body?: undefined;
    answer: WebhookReplay;
  };

  /** Hand a consignment over to the carrier */
  handOverConsignment: {
    path: { order_id: string; n: number };
    query?: undefined;
    body: HandOver;
    answer: Order;
  };

  /** The keys of the tenant, newest first, without their secrets */
  listApiKeys: {
    path?: undefined;
    query?: {
      limit?: number;

      /** The `next_cursor` of the page before, of the same list with the same filters. */
      cursor?: string;
    };
    body?: undefined;
    answer: {
      data: Array<ApiKey>;

      /** The `cursor` of the next page; null on the last page. */
      next_cursor: string | null;
    };
  };

  /** The policies that hold, by currency */
  listApprovalPolicies: {
    path?: undefined;
    query?: undefined;
    body?: undefined;
    answer: { data: Array<ApprovalPolicy> };
  };

  /** What waits for approvals or has waited, newest first */
  listApprovals: {
    path?: undefined;
    query?: {
      status?: 'AWAITING' | 'APPROVED' | 'OVERRIDDEN' | 'REJECTED' | 'EXPIRED' | 'WITHDRAWN';
      limit?: number;

      /** The `next_cursor` of the page before, of the same list with the same filters. */
      cursor?: string;
    };
    body?: undefined;
    answer: {
      data: Array<Approval>;

      /** The `cursor` of the next page; null on the last page. */
      next_cursor: string | null;
    };
  };

  /** What principals have changed, newest first */
  listAuditEvents: {
    path?: undefined;
    query?: {
      principal_id?: string;
      action?:
        | 'principal-created'
        | 'key-installed'
        | 'key-created'
        | 'key-rotated'
        | 'key-revoked'
        | 'tenant-created'
        | 'tenant-root-key-replaced'
        | 'wallet-opened'
        | 'wallet-suspended'
        | 'wallet-activated'
        | 'wallet-limits-set'
        | 'case-decided'
        | 'transfer-decided'
        | 'transfer-cancel-asked'
        | 'recurring-transfer-created'
        | 'recurring-transfer-changed'
        | 'reconciliation-run-asked'
        | 'approval-asked'
        | 'approval-voted'
        | 'approval-overridden'
        | 'approval-policy-set'
        | 'approval-policy-ended'
        | 'order-decided'
        | 'order-cancel-asked'
        | 'hand-over-asked'
        | 'return-requested'
        | 'return-received'
        | 'return-refund-asked'
        | 'product-set'
        | 'stock-counted'
        | 'stock-received'
        | 'stock-adjusted'
        | 'carrier-event-recorded'
        | 'webhook-endpoint-created'
        | 'webhook-endpoint-changed'
        | 'webhook-endpoint-deleted'
        | 'webhook-endpoint-enabled'
        | 'webhook-secret-rotated'
        | 'webhook-replay-asked'
        | 'projection-rebuild-asked'
        | 'dead-letters-retried'
        | 'event-source-resumed';
      object?: string;

      /** This instant included. */
      created_after?: string;

      /** This instant excluded. */
      created_before?: string;
      limit?: number;

      /** The `next_cursor` of the page before, of the same list with the same filters. */
      cursor?: string;
    };
    body?: undefined;
    answer: {
      data: Array<AuditEvent>;

      /** The `cursor` of the next page; null on the last page. */
      next_cursor: string | null;
    };
  };

  /** Cases, newest first */
  listCases: {
    path?: undefined;
    query?: {
      status?: 'OPEN' | 'RESOLVED';
      limit?: number;

      /** The `next_cursor` of the page before, of the same list with the same filters. */
      cursor?: string;
    };
    body?: undefined;
    answer: {
      data: Array<Case>;

      /** The `cursor` of the next page; null on the last page. */
      next_cursor: string | null;
      open_count: number;
      oldest_open_at: string | null;
      oldest_open_age_seconds: number | null;
    };
  };

  /** Credit notes, newest first */
  listCreditNotes: {
    path?: undefined;
    query?: {
      seller_wallet_id?: string;
      order_id?: string;
      limit?: number;

      /** The `next_cursor` of the page before, of the same list with the same filters. */
      cursor?: string;
    };
    body?: undefined;
    answer: {
      data: Array<CreditNote>;

      /** The `cursor` of the next page; null on the last page. */
      next_cursor: string | null;
    };
  };

  /** The currencies, and how many decimals amounts in them may have */
  listCurrencies: {
    path?: undefined;
    query?: undefined;
    body?: undefined;
    answer: { data: Array<Currency> };
  };

  /** The events that a projection could not count, in the order of the log */
  listDeadLetters: {
    path: { projection: string };
    query?: { after?: number; limit?: number };
    body?: undefined;
    answer: { data: Array<DeadLetter> };
  };

  /** The outboxes, and how far the log is behind them */
  listEventSources: {
    path?: undefined;
    query?: undefined;
    body?: undefined;
    answer: { data: Array<EventSource> };
  };

  /** The types of events, with their JSON Schemas */
  listEventTypes: {
    path?: undefined;
    query?: undefined;
    body?: undefined;
    answer: { data: Array<EventType> };
  };

  /** Events in the order of the log */
  listEvents: {
    path?: undefined;
    query?: {
      after?: number;

      /** Types, separated by commas. One that is in no event is no error: the log may have events of other versions of this program. */
      types?: string;
      subject?: string;
      limit?: number;
    };
    body?: undefined;
    answer: {
      data: Array<Event>;

      /** The `after` of the next page. */
      next_after: number;

      /** The newest position of the log. */
      head: number;
    };
  };

  /** Invoices, newest first */
  listInvoices: {
    path?: undefined;
    query?: {
      seller_wallet_id?: string;
      order_id?: string;
      buyer_wallet_id?: string;
      status?: 'PAID' | 'DUE' | 'COLLECTED' | 'WRITTEN_OFF';
      limit?: number;

      /** The `next_cursor` of the page before, of the same list with the same filters. */
      cursor?: string;
    };
    body?: undefined;
    answer: {
      data: Array<Invoice>;

      /** The `cursor` of the next page; null on the last page. */
      next_cursor: string | null;
    };
  };

  /** Journals with their lines, newest first */
  listJournals: {
    path?: undefined;
    query?: {
      seller_wallet_id?: string;
      order_id?: string;
      limit?: number;

      /** The `next_cursor` of the page before, of the same list with the same filters. */
      cursor?: string;
    };
    body?: undefined;
    answer: {
      data: Array<Journal>;

      /** The `cursor` of the next page; null on the last page. */
      next_cursor: string | null;
    };
  };

  /** Cases of orders, newest first */
  listOrderCases: {
    path?: undefined;
    query?: {
      status?: 'OPEN' | 'RESOLVED';
      limit?: number;

      /** The `next_cursor` of the page before, of the same list with the same filters. */
      cursor?: string;
    };
    body?: undefined;
    answer: {
      data: Array<OrderCase>;

      /** The `cursor` of the next page; null on the last page. */
      next_cursor: string | null;
    };
  };

  /** What happened to an order, and when */
  listOrderSteps: {
    path: { order_id: string };
    query?: undefined;
    body?: undefined;
    answer: { data: Array<OrderStep> };
  };

  /** Orders, newest first */
  listOrders: {
    path?: undefined;
    query?: {
      status?: 'PENDING' | 'CONFIRMED' | 'COMPLETED' | 'PARTLY_COMPLETED' | 'CANCELED';
      buyer_wallet_id?: string;

      /** Those that are being undone now. */
      compensating?: 'true';

      /** Those that wait for an operator. */
      attention?: 'true';
      limit?: number;

      /** The `next_cursor` of the page before, of the same list with the same filters. */
      cursor?: string;
    };
    body?: undefined;
    answer: {
      data: Array<Order>;

      /** The `cursor` of the next page; null on the last page. */
      next_cursor: string | null;
    };
  };

  /** The principals of the tenant, newest first */
  listPrincipals: {
    path?: undefined;
    query?: {
      limit?: number;

      /** The `next_cursor` of the page before, of the same list with the same filters. */
      cursor?: string;
    };
    body?: undefined;
    answer: {
      data: Array<Principal>;

      /** The `cursor` of the next page; null on the last page. */
      next_cursor: string | null;
    };
  };

  /** Products, in the order of their SKUs */
  listProducts: {
    path?: undefined;
    query?: {
      limit?: number;

      /** The `next_cursor` of the page before, of the same list with the same filters. */
      cursor?: string;
    };
    body?: undefined;
    answer: {
      data: Array<Product>;

      /** The `cursor` of the next page; null on the last page. */
      next_cursor: string | null;
    };
  };

  /** What is derived from the event log, and how far it is */
  listProjections: {
    path?: undefined;
    query?: undefined;
    body?: undefined;
    answer: { data: Array<Projection> };
  };

  /** Runs, newest first */
  listReconciliationRuns: {
    path?: undefined;
    query?: {
      limit?: number;

      /** The `next_cursor` of the page before, of the same list with the same filters. */
      cursor?: string;
    };
    body?: undefined;
    answer: {
      data: Array<ReconciliationRun>;

      /** The `cursor` of the next page; null on the last page. */
      next_cursor: string | null;
    };
  };

  /** The transfers of a recurring transfer, newest first */
  listRecurringTransferRuns: {
    path: { recurring_transfer_id: string };
    query?: {
      limit?: number;

      /** The `next_cursor` of the page before, of the same list with the same filters. */
      cursor?: string;
    };
    body?: undefined;
    answer: {
      data: Array<RecurringTransferRun>;

      /** The `cursor` of the next page; null on the last page. */
      next_cursor: string | null;
    };
  };

  /** Recurring transfers, newest first */
  listRecurringTransfers: {
    path?: undefined;
    query?: {
      status?: 'ACTIVE' | 'PAUSED' | 'DELETED';

      /** As sender or receiver. */
      wallet_id?: string;
      limit?: number;

      /** The `next_cursor` of the page before, of the same list with the same filters. */
      cursor?: string;
    };
    body?: undefined;
    answer: {
      data: Array<RecurringTransfer>;

      /** The `cursor` of the next page; null on the last page. */
      next_cursor: string | null;
    };
  };

  /** Returns, newest first */
  listReturns: {
    path?: undefined;
    query?: {
      status?: 'REQUESTED' | 'RECEIVED' | 'REFUNDED' | 'REFUND_DUE';

      /** Those that wait for an operator. */
      attention?: 'true';
      limit?: number;

      /** The `next_cursor` of the page before, of the same list with the same filters. */
      cursor?: string;
    };
    body?: undefined;
    answer: {
      data: Array<Return>;

      /** The `cursor` of the next page; null on the last page. */
      next_cursor: string | null;
    };
  };

  /** The returns of an order, oldest first */
  listReturnsOfOrder: {
    path: { order_id: string };
    query?: undefined;
    body?: undefined;
    answer: { data: Array<Return> };
  };

  /** The runs that were missed and not caught up, the latest first */
  listSkippedRuns: {
    path: { recurring_transfer_id: string };
    query?: {
      limit?: number;

      /** The `next_cursor` of the page before, of the same list with the same filters. */
      cursor?: string;
    };
    body?: undefined;
    answer: {
      data: Array<SkippedRun>;

      /** The `cursor` of the next page; null on the last page. */
      next_cursor: string | null;
    };
  };

  /** Stock, in the order of the SKUs */
  listStock: {
    path?: undefined;
    query?: {
      limit?: number;

      /** The `next_cursor` of the page before, of the same list with the same filters. */
      cursor?: string;
    };
    body?: undefined;
    answer: {
      data: Array<Stock>;

      /** The `cursor` of the next page; null on the last page. */
      next_cursor: string | null;
    };
  };

  /** What has changed the stock of a SKU, newest first */
  listStockEntries: {
    path: { sku: string };
    query?: {
      limit?: number;

      /** The `next_cursor` of the page before, of the same list with the same filters. */
      cursor?: string;
    };
    body?: undefined;
    answer: {
      data: Array<StockEntry>;

      /** The `cursor` of the next page; null on the last page. */
      next_cursor: string | null;
    };
  };

  /** The tenants, by their names */
  listTenants: {
    path?: undefined;
    query?: {
      limit?: number;

      /** The `next_cursor` of the page before, of the same list with the same filters. */
      cursor?: string;
    };
    body?: undefined;
    answer: {
      data: Array<Tenant>;

      /** The `cursor` of the next page; null on the last page. */
      next_cursor: string | null;
    };
  };

  /** Transactions, newest first */
  listTransactions: {
    path?: undefined;
    query?: {
      wallet_id?: string;

      /** Exactly this reference. */
      reference?: string;

      /** One pair, as `metadata[order_id]=42`: lists movements that have this key with exactly this value. */
      metadata?: { [name: string]: string };

      /** This amount included. */
      amount_min?: string;

      /** This amount included. */
      amount_max?: string;

      /** This instant included. */
      created_after?: string;

      /** This instant excluded. */
      created_before?: string;
      status?: 'AWAITING_APPROVAL' | 'PENDING' | 'PROCESSED' | 'FAILED';

      /** CREDIT puts money into the wallet, DEBIT takes it out. */
      type?: 'CREDIT' | 'DEBIT';
      limit?: number;

      /** The `next_cursor` of the page before, of the same list with the same filters. */
      cursor?: string;
    };
    body?: undefined;
    answer: {
      data: Array<Transaction>;

      /** The `cursor` of the next page; null on the last page. */
      next_cursor: string | null;
    };
  };

  /** The items of a batch and their statuses, in their order */
  listTransferBatchItems: {
    path: { batch_id: string };
    query?: {
      limit?: number;

      /** The `next_cursor` of the page before, of the same list with the same filters. */
      cursor?: string;
    };
    body?: undefined;
    answer: {
      data: Array<TransferBatchItem>;

      /** The `cursor` of the next page; null on the last page. */
      next_cursor: string | null;
    };
  };

  /** Batches, newest first */
  listTransferBatches: {
    path?: undefined;
    query?: {
      limit?: number;

      /** The `next_cursor` of the page before, of the same list with the same filters. */
      cursor?: string;
    };
    body?: undefined;
    answer: {
      data: Array<TransferBatch>;

      /** The `cursor` of the next page; null on the last page. */
      next_cursor: string | null;
    };
  };

  /** What happened to a transfer, and when */
  listTransferSteps: {
    path: { transfer_id: string };
    query?: undefined;
    body?: undefined;
    answer: {
      data: Array<TransferStep>;

      /** The group that it was accepted in, where the service moves transfers in groups: the workflow `group/<group_id>`. What that does not bring to its end goes on as `transfer/<transfer_id>`. */
      group_id: string | null;
    };
  };

  /** Transfers, newest first */
  listTransfers: {
    path?: undefined;
    query?: {
      wallet_id?: string;

      /** Exactly this reference. */
      reference?: string;

      /** One pair, as `metadata[order_id]=42`: lists movements that have this key with exactly this value. */
      metadata?: { [name: string]: string };

      /** This amount included. */
      amount_min?: string;

      /** This amount included. */
      amount_max?: string;

      /** This instant included. */
      created_after?: string;

      /** This instant excluded. */
      created_before?: string;
      status?: 'AWAITING_APPROVAL' | 'SCHEDULED' | 'PENDING' | 'DEBITED' | 'COMPLETED' | 'FAILED' | 'CANCELED';

      /** The reversals of this transfer. */
      reverses_transfer_id?: string;

      /** The runs of this recurring transfer. */
      recurring_transfer_id?: string;
      limit?: number;

      /** The `next_cursor` of the page before, of the same list with the same filters. */
      cursor?: string;
    };
    body?: undefined;
    answer: {
      data: Array<Transfer>;

      /** The `cursor` of the next page; null on the last page. */
      next_cursor: string | null;
    };
  };

  /** The statement of a wallet, newest first */
  listWalletEntries: {
    path: { wallet_id: string };
    query?: {
      limit?: number;

      /** The `next_cursor` of the page before, of the same list with the same filters. */
      cursor?: string;
    };
    body?: undefined;
    answer: {
      data: Array<LedgerEntry>;

      /** The `cursor` of the next page; null on the last page. */
      next_cursor: string | null;
    };
  };

  /** Wallets, newest first */
  listWallets: {
    path?: undefined;
    query?: {
      /** As sent, or in Unicode’s form NFC or NFD. */
      user_id?: string;
      limit?: number;

      /** The `next_cursor` of the page before, of the same list with the same filters. */
      cursor?: string;
    };
    body?: undefined;
    answer: {
      data: Array<Wallet>;

      /** The `cursor` of the next page; null on the last page. */
      next_cursor: string | null;
    };
  };

  /** Deliveries that did not succeed at first, newest events first */
  listWebhookDeliveries: {
    path: { webhook_endpoint_id: string };
    query?: {
      status?: 'PENDING' | 'DELIVERED' | 'FAILED';
      limit?: number;

      /** The `next_cursor` of the page before, of the same list with the same filters. */
      cursor?: string;
    };
    body?: undefined;
    answer: {
      data: Array<WebhookDelivery>;

      /** The `cursor` of the next page; null on the last page. */
      next_cursor: string | null;
    };
  };

  /** Webhook endpoints, newest first */
  listWebhookEndpoints: {
    path?: undefined;
    query?: {
      limit?: number;

      /** The `next_cursor` of the page before, of the same list with the same filters. */
      cursor?: string;
    };
    body?: undefined;
    answer: {
      data: Array<WebhookEndpoint>;

      /** The `cursor` of the next page; null on the last page. */
      next_cursor: string | null;
    };
  };

  /** The replays to a webhook endpoint, newest first */
  listWebhookReplays: {
    path: { webhook_endpoint_id: string };
    query?: {
      limit?: number;

      /** The `next_cursor` of the page before, of the same list with the same filters. */
      cursor?: string;
    };
    body?: undefined;
    answer: {
      data: Array<WebhookReplay>;

      /** The `cursor` of the next page; null on the last page. */
      next_cursor: string | null;
    };
  };

  /** Let something go without the approvals that it needs, in an emergency */
  overrideApproval: {
    path: { approval_id: string };
    query?: undefined;
    body: ApprovalVote;
    answer: ApprovalWithVotes;
  };

  /** Stop the runs of a recurring transfer */
  pauseRecurringTransfer: {
    path: { recurring_transfer_id: string };
    query?: undefined;
    body?: undefined;
    answer: RecurringTransfer;
  };

  /** Make a product, or change its price or name */
  putProduct: {
    path: { sku: string };
    query?: undefined;
    body: ProductRequest;
    answer: Product;
  };

  /** Build a projection anew, from the first event on */
  rebuildProjection: {
    path: { projection: string };
    query?: undefined;
    body?: undefined;
    answer: Projection;
  };

  /** Note that the goods of a return are back */
  receiveReturn: {
    path: { return_id: string };
    query?: undefined;
    body?: ReturnReceipt;
    answer: Return;
  };

  /** Receive goods into stock */
  receiveStock: {
    path: { sku: string };
    query?: undefined;
    body: StockReceipt;
    answer: StockEntry;
  };

  /** Reject what waits for approvals */
  rejectTransfer: {
    path: { approval_id: string };
    query?: undefined;
    body: ApprovalVote;
    answer: ApprovalWithVotes;
  };

  /** Replace the root key of a tenant */
  replaceTenantRootKey: {
    path: { tenant: string };
    query?: undefined;
    body?: undefined;
    answer: ApiKeyWithSecret;
  };

  /** Decide about a case: try the repair again, refund the sender, or close it */
  resolveCase: {
    path: { case_id: string };
    query?: undefined;
    body: CaseResolution;
    answer: CaseWithHistory | ApprovalWithVotes;
  };

  /** Decide about an order that waits for an operator */
  resolveOrder: {
    path: { order_id: string };
    query?: undefined;
    body: OrderResolution;
    answer: Order;
  };

  /** Step in where a transfer needs attention */
  resolveTransfer: {
    path: { transfer_id: string };
    query?: undefined;
    body: Resolution;
    answer: Transfer | ApprovalWithVotes;
  };

  /** Go on with an outbox that is read no further */
  resumeEventSource: {
    path: { source: string };
    query?: undefined;
    body: EventSourceResumption;
    answer: EventSource;
  };

  /** Resume a paused recurring transfer */
  resumeRecurringTransfer: {
    path: { recurring_transfer_id: string };
    query?: undefined;
    body?: undefined;
    answer: RecurringTransfer;
  };

  /** Try dead letters again, all of them or one */
  retryDeadLetters: {
    path: { projection: string };
    query?: { event_id?: string };
    body?: undefined;
    answer: { retried_count: number };
  };

  /** Give back a completed transfer, whole or in part */
  reverseTransfer: {
    path: { transfer_id: string };
    query?: undefined;
    body?: AmountOrAll;
    answer: Transfer;
  };

  /** Revoke a key */
  revokeApiKey: {
    path: { api_key_id: string };
    query?: undefined;
    body?: undefined;
    answer: ApiKey;
  };

  /** Replace a key by another with the same rights */
  rotateApiKey: {
    path: { api_key_id: string };
    query?: undefined;
    body?: ApiKeyRotation;
    answer: ApiKeyWithSecret;
  };

  /** Give a webhook endpoint another secret */
  rotateWebhookSecret: {
    path: { webhook_endpoint_id: string };
    query?: undefined;
    body?: { expires_in?: number };
    answer: WebhookEndpointWithSecret;
  };

  /** Set which transfers in a currency need approvals */
  setApprovalPolicy: {
    path: { currency: string };
    query?: undefined;
    body: ApprovalPolicyRequest;
    answer: ApprovalPolicy | ApprovalWithVotes;
  };

  /** Limit what goes out of a wallet */
  setWalletLimits: {
    path: { wallet_id: string };
    query?: undefined;
    body: WalletLimitsRequest;
    answer: WalletLimits;
  };

  /** Events as they happen */
  streamEvents: {
    path?: undefined;
    query?: {
      after?: number;

      /** Types, separated by commas. One that is in no event is no error: the log may have events of other versions of this program. */
      types?: string;
      subject?: string;
    };
    body?: undefined;
    answer: undefined;
  };

  /** Stop a wallet from sending and receiving */
  suspendWallet: {
    path: { wallet_id: string };
    query?: undefined;
    body?: undefined;
    answer: Wallet;
  };

  /** Send a test event now */
  testWebhookEndpoint: {
    path: { webhook_endpoint_id: string };
    query?: undefined;
    body?: undefined;
    answer: WebhookTest;
  };

  /** Run a recurring transfer now */
  triggerRecurringTransfer: {
    path: { recurring_transfer_id: string };
    query?: undefined;
    body?: undefined;
    answer: Transfer;
  };

  /** Look what would be refused of a batch, and how much it would move */
  tryTransferBatch: {
    path?: undefined;
    query?: undefined;
    body: TransferBatchTrialRequest;
    answer: TransferBatchTrial;
  };

  /** Change, pause or resume a webhook endpoint */
  updateWebhookEndpoint: {
    path: { webhook_endpoint_id: string };
    query?: undefined;
    body: WebhookEndpointChange;
    answer: WebhookEndpoint;
  };
}

/** Where each operation is, and which headers it knows. */
export const ROUTES = {
  activateWallet: { method: 'POST', path: '/v1/wallets/{wallet_id}/activate', headers: [] },
  adjustStock: { method: 'POST', path: '/v1/stock/{sku}/adjustments', headers: ['idempotency-key'] },
  approveTransfer: { method: 'POST', path: '/v1/approvals/{approval_id}/approve', headers: [] },
  cancelOrder: { method: 'POST', path: '/v1/orders/{order_id}/cancel', headers: ['prefer'] },
  cancelTransfer: { method: 'POST', path: '/v1/transfers/{transfer_id}/cancel', headers: ['prefer'] },
  cancelTransferByKey: { method: 'POST', path: '/v1/transfers/cancel', headers: ['idempotency-key', 'prefer'] },
  captureTransfer: { method: 'POST', path: '/v1/transfers/{transfer_id}/capture', headers: ['prefer'] },
  countStock: { method: 'PUT', path: '/v1/stock/{sku}', headers: [] },
  createApiKey: { method: 'POST', path: '/v1/api-keys', headers: ['idempotency-key'] },
  createCarrierEvent: { method: 'POST', path: '/v1/shipments/{shipment_id}/events', headers: [] },
  createConsoleLink: { method: 'POST', path: '/v1/console-links', headers: [] },
  createConsoleSession: { method: 'POST', path: '/v1/console-sessions', headers: [] },
  createOrder: { method: 'POST', path: '/v1/orders', headers: ['idempotency-key', 'prefer'] },
  createPrincipal: { method: 'POST', path: '/v1/principals', headers: [] },
  createReconciliationRun: { method: 'POST', path: '/v1/reconciliation-runs', headers: ['prefer'] },
  createRecurringTransfer: { method: 'POST', path: '/v1/recurring-transfers', headers: ['idempotency-key'] },
  createReturn: { method: 'POST', path: '/v1/orders/{order_id}/returns', headers: ['idempotency-key'] },
  createTenant: { method: 'POST', path: '/v1/tenants', headers: [] },
  createTransaction: { method: 'POST', path: '/v1/transactions', headers: ['idempotency-key', 'prefer'] },
  createTransfer: { method: 'POST', path: '/v1/transfers', headers: ['idempotency-key', 'prefer'] },
  createTransferBatch: { method: 'POST', path: '/v1/transfer-batches', headers: ['idempotency-key', 'prefer'] },
  createWallet: { method: 'POST', path: '/v1/wallets', headers: [] },
  createWebhookEndpoint: { method: 'POST', path: '/v1/webhook-endpoints', headers: [] },
  createWebhookReplay: {
    method: 'POST',
    path: '/v1/webhook-endpoints/{webhook_endpoint_id}/replays',
    headers: ['idempotency-key'],
  },
  deleteRecurringTransfer: { method: 'DELETE', path: '/v1/recurring-transfers/{recurring_transfer_id}', headers: [] },
  deleteWebhookEndpoint: { method: 'DELETE', path: '/v1/webhook-endpoints/{webhook_endpoint_id}', headers: [] },
  enableWebhookEndpoint: { method: 'POST', path: '/v1/webhook-endpoints/{webhook_endpoint_id}/enable', headers: [] },
  endApprovalPolicy: { method: 'POST', path: '/v1/approval-policies/{currency}/end', headers: [] },
  find: { method: 'GET', path: '/v1/find', headers: [] },
  getApiKey: { method: 'GET', path: '/v1/api-keys/{api_key_id}', headers: [] },
  getApproval: { method: 'GET', path: '/v1/approvals/{approval_id}', headers: [] },
  getCase: { method: 'GET', path: '/v1/cases/{case_id}', headers: [] },
  getEvent: { method: 'GET', path: '/v1/events/{position}', headers: [] },
  getFlows: { method: 'GET', path: '/v1/flows', headers: [] },
  getHealth: { method: 'GET', path: '/health', headers: [] },
  getInvoice: { method: 'GET', path: '/v1/invoices/{invoice_id}', headers: [] },
  getMovementLegs: { method: 'GET', path: '/v1/movements/{movement_id}/legs', headers: [] },
  getOrder: { method: 'GET', path: '/v1/orders/{order_id}', headers: [] },
  getOrderCase: { method: 'GET', path: '/v1/order-cases/{case_id}', headers: [] },
  getOrderTimeline: { method: 'GET', path: '/v1/orders/{order_id}/timeline', headers: [] },
  getOverview: { method: 'GET', path: '/v1/overview', headers: [] },
  getProduct: { method: 'GET', path: '/v1/products/{sku}', headers: [] },
  getReadiness: { method: 'GET', path: '/health/ready', headers: [] },
  getReconciliationRun: { method: 'GET', path: '/v1/reconciliation-runs/{run_id}', headers: [] },
  getRecurringTransfer: { method: 'GET', path: '/v1/recurring-transfers/{recurring_transfer_id}', headers: [] },
  getReturn: { method: 'GET', path: '/v1/returns/{return_id}', headers: [] },
  getShipment: { method: 'GET', path: '/v1/shipments/{shipment_id}', headers: [] },
  getStock: { method: 'GET', path: '/v1/stock/{sku}', headers: [] },
  getTotals: { method: 'GET', path: '/v1/totals', headers: [] },
  getTransaction: { method: 'GET', path: '/v1/transactions/{transaction_id}', headers: [] },
  getTransfer: { method: 'GET', path: '/v1/transfers/{transfer_id}', headers: [] },
  getTransferBatch: { method: 'GET', path: '/v1/transfer-batches/{batch_id}', headers: [] },
  getTransferTimeline: { method: 'GET', path: '/v1/transfers/{transfer_id}/timeline', headers: [] },
  getTrialBalance: { method: 'GET', path: '/v1/trial-balance', headers: [] },
  getWallet: { method: 'GET', path: '/v1/wallets/{wallet_id}', headers: [] },
  getWalletActivity: { method: 'GET', path: '/v1/wallets/{wallet_id}/activity', headers: [] },
  getWalletBalance: { method: 'GET', path: '/v1/wallets/{wallet_id}/balance', headers: [] },
  getWalletBalanceHistory: { method: 'GET', path: '/v1/wallets/{wallet_id}/balance-history', headers: [] },
  getWalletLimits: { method: 'GET', path: '/v1/wallets/{wallet_id}/limits', headers: [] },
  getWebhookDelivery: {
    method: 'GET',
    path: '/v1/webhook-endpoints/{webhook_endpoint_id}/deliveries/{position}',
    headers: [],
  },
  getWebhookEndpoint: { method: 'GET', path: '/v1/webhook-endpoints/{webhook_endpoint_id}', headers: [] },
  getWebhookReplay: {
    method: 'GET',
    path: '/v1/webhook-endpoints/{webhook_endpoint_id}/replays/{replay_id}',
    headers: [],
  },
  handOverConsignment: { method: 'POST', path: '/v1/orders/{order_id}/consignments/{n}/hand-over', headers: [] },
  listApiKeys: { method: 'GET', path: '/v1/api-keys', headers: [] },
  listApprovalPolicies: { method: 'GET', path: '/v1/approval-policies', headers: [] },
  listApprovals: { method: 'GET', path: '/v1/approvals', headers: [] },
  listAuditEvents: { method: 'GET', path: '/v1/audit-events', headers: [] },
  listCases: { method: 'GET', path: '/v1/cases', headers: [] },
  listCreditNotes: { method: 'GET', path: '/v1/credit-notes', headers: [] },
  listCurrencies: { method: 'GET', path: '/v1/currencies', headers: [] },
  listDeadLetters: { method: 'GET', path: '/v1/projections/{projection}/dead-letters', headers: [] },
  listEventSources: { method: 'GET', path: '/v1/event-sources', headers: [] },
  listEventTypes: { method: 'GET', path: '/v1/event-types', headers: [] },
  listEvents: { method: 'GET', path: '/v1/events', headers: [] },
  listInvoices: { method: 'GET', path: '/v1/invoices', headers: [] },
  listJournals: { method: 'GET', path: '/v1/journals', headers: [] },
  listOrderCases: { method: 'GET', path: '/v1/order-cases', headers: [] },
  listOrderSteps: { method: 'GET', path: '/v1/orders/{order_id}/steps', headers: [] },
  listOrders: { method: 'GET', path: '/v1/orders', headers: [] },
  listPrincipals: { method: 'GET', path: '/v1/principals', headers: [] },
  listProducts: { method: 'GET', path: '/v1/products', headers: [] },
  listProjections: { method: 'GET', path: '/v1/projections', headers: [] },
  listReconciliationRuns: { method: 'GET', path: '/v1/reconciliation-runs', headers: [] },
  listRecurringTransferRuns: {
    method: 'GET',
    path: '/v1/recurring-transfers/{recurring_transfer_id}/runs',
    headers: [],
  },
  listRecurringTransfers: { method: 'GET', path: '/v1/recurring-transfers', headers: [] },
  listReturns: { method: 'GET', path: '/v1/returns', headers: [] },
  listReturnsOfOrder: { method: 'GET', path: '/v1/orders/{order_id}/returns', headers: [] },
  listSkippedRuns: { method: 'GET', path: '/v1/recurring-transfers/{recurring_transfer_id}/skipped-runs', headers: [] },
  listStock: { method: 'GET', path: '/v1/stock', headers: [] },
  listStockEntries: { method: 'GET', path: '/v1/stock/{sku}/entries', headers: [] },
  listTenants: { method: 'GET', path: '/v1/tenants', headers: [] },
  listTransactions: { method: 'GET', path: '/v1/transactions', headers: [] },
  listTransferBatchItems: { method: 'GET', path: '/v1/transfer-batches/{batch_id}/items', headers: [] },
  listTransferBatches: { method: 'GET', path: '/v1/transfer-batches', headers: [] },
  listTransferSteps: { method: 'GET', path: '/v1/transfers/{transfer_id}/steps', headers: [] },
  listTransfers: { method: 'GET', path: '/v1/transfers', headers: [] },
  listWalletEntries: { method: 'GET', path: '/v1/wallets/{wallet_id}/entries', headers: [] },
  listWallets: { method: 'GET', path: '/v1/wallets', headers: [] },
  listWebhookDeliveries: { method: 'GET', path: '/v1/webhook-endpoints/{webhook_endpoint_id}/deliveries', headers: [] },
  listWebhookEndpoints: { method: 'GET', path: '/v1/webhook-endpoints', headers: [] },
  listWebhookReplays: { method: 'GET', path: '/v1/webhook-endpoints/{webhook_endpoint_id}/replays', headers: [] },
  overrideApproval: { method: 'POST', path: '/v1/approvals/{approval_id}/override', headers: [] },
  pauseRecurringTransfer: {
    method: 'POST',
    path: '/v1/recurring-transfers/{recurring_transfer_id}/pause',
    headers: [],
  },
  putProduct: { method: 'PUT', path: '/v1/products/{sku}', headers: [] },
  rebuildProjection: { method: 'POST', path: '/v1/projections/{projection}/rebuild', headers: [] },
  receiveReturn: { method: 'POST', path: '/v1/returns/{return_id}/receipt', headers: [] },
  receiveStock: { method: 'POST', path: '/v1/stock/{sku}/receipts', headers: ['idempotency-key'] },
  rejectTransfer: { method: 'POST', path: '/v1/approvals/{approval_id}/reject', headers: [] },
  replaceTenantRootKey: { method: 'POST', path: '/v1/tenants/{tenant}/root-key', headers: [] },
  resolveCase: { method: 'POST', path: '/v1/cases/{case_id}/resolve', headers: ['x-actor'] },
  resolveOrder: { method: 'POST', path: '/v1/orders/{order_id}/resolve', headers: ['x-actor'] },
  resolveTransfer: { method: 'POST', path: '/v1/transfers/{transfer_id}/resolve', headers: ['prefer', 'x-actor'] },
  resumeEventSource: { method: 'POST', path: '/v1/event-sources/{source}/resume', headers: ['x-actor'] },
  resumeRecurringTransfer: {
    method: 'POST',
    path: '/v1/recurring-transfers/{recurring_transfer_id}/resume',
    headers: [],
  },
  retryDeadLetters: { method: 'POST', path: '/v1/projections/{projection}/dead-letters/retry', headers: [] },
  reverseTransfer: {
    method: 'POST',
    path: '/v1/transfers/{transfer_id}/reversals',
    headers: ['idempotency-key', 'prefer'],
  },
  revokeApiKey: { method: 'POST', path: '/v1/api-keys/{api_key_id}/revoke', headers: [] },
  rotateApiKey: { method: 'POST', path: '/v1/api-keys/{api_key_id}/rotate', headers: [] },
  rotateWebhookSecret: {
    method: 'POST',
    path: '/v1/webhook-endpoints/{webhook_endpoint_id}/rotate-secret',
    headers: [],
  },
  setApprovalPolicy: { method: 'PUT', path: '/v1/approval-policies/{currency}', headers: [] },
  setWalletLimits: { method: 'PUT', path: '/v1/wallets/{wallet_id}/limits', headers: [] },
  streamEvents: { method: 'GET', path: '/v1/events/stream', headers: ['last-event-id'] },
  suspendWallet: { method: 'POST', path: '/v1/wallets/{wallet_id}/suspend', headers: [] },
  testWebhookEndpoint: { method: 'POST', path: '/v1/webhook-endpoints/{webhook_endpoint_id}/test', headers: [] },
  triggerRecurringTransfer: {
    method: 'POST',
    path: '/v1/recurring-transfers/{recurring_transfer_id}/trigger',
    headers: ['idempotency-key', 'prefer'],
  },
  tryTransferBatch: { method: 'POST', path: '/v1/transfer-batches/dry-run', headers: [] },
  updateWebhookEndpoint: { method: 'PATCH', path: '/v1/webhook-endpoints/{webhook_endpoint_id}', headers: [] },
} as const;
