/** Generated from the OpenAPI document by `npm run generate:client`: not to be edited. */

export interface AmountOrAll {
  /** A decimal string: more than zero, at most 15 digits before the point and 4 after it. Answers have 4 decimals. Of a currency without minor unit, such as JPY, whole numbers, unless the service is set to `AMOUNT_PRECISION=ledger`: `GET /v1/currencies`. */
  amount?: string;
}

export interface Balance {
  wallet_id: string;
  currency: string;
  balance: string;
  at: string;
}

export interface Case {
  case_id: string;

  /** What it is about: `transfer/…`, `transaction/…`, `batch/…`, `wallet/…`, `recurring/…`; `movement/…` of one that is unknown; `shard/<n>` of a wallet database that was restored, which takes no movements until the case is closed; `workflow/<workflow id>` of one that goes on though what it moves has settled. */
  subject: string;
  transfer_id: string | null;
  transaction_id: string | null;

  /** A stable code. Of the reconciliation: `workflow_missing`, `workflow_behind`, `entries_without_movement`, `entries_disagree`, `balance_disagrees`, `shard_behind`, `schedule_stopped`. Otherwise the step of the compensation that keeps failing. */
  reason: string;
  status: 'OPEN' | 'RESOLVED';
  since: string;
  last_error: string | null;

  /** How often what fails was tried. */
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
    actor: string;
    comment: string;
    at: string;
  }>;
};

export interface Currency {
  /** ISO 4217. */
  code: string;

  /** How many decimals an amount has that can be paid out. */
  minor_units: number;

  /** Of money that comes in or goes out. */
  transaction_decimals_max: number;

  /** Of money that moves between two wallets. */
  transfer_decimals_max: number;
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

export interface Nothing {}

/** RFC 9457 problem details. */
export interface Problem {
  type: string;
  title: string;
  status: number;
  detail?: string;

  /** The path that was asked for. */
  instance?: string;

  /** Stable: what a program should look at. */
  code: string;

  /** As in X-Request-Id and in the logs. */
  request_id: string;

  /** Every fault of a request that does not validate: a JSON pointer into the body, or the parameter. The first gives the problem its code. */
  errors?: Array<{ code: string; detail: string; pointer?: string; parameter?: string; [name: string]: unknown }>;
  [name: string]: unknown;
}

export interface Readiness {
  status: 'ready' | 'unavailable';
  checks: { [name: string]: { status: 'up' | 'down'; reason?: string } };

  /** The wallet shards that were restored from before what they had done: movements that concern their wallets are refused with 503 `wallet_shard_behind` until the case of `shard/<n>` is closed. Others are accepted, so this does not make it unavailable. The wallet API does not know it and leaves it out. */
  shards_behind?: Array<number>;
}

export interface ReconciliationRun {
  run_id: string;
  trigger: 'schedule' | 'request';
  scope: 'changes' | 'all';

  /** CLEAN: everything agrees. REPAIRED: what disagreed was repaired. FOUND: there are cases. FAILED: it could not come to its end, and the next run looks at the same changes again. */
  status: 'RUNNING' | 'CLEAN' | 'REPAIRED' | 'FOUND' | 'FAILED';

  /** It looks at what changed from here on: before the end of the last run. Null with the scope `all`: from the beginning. */
  from: string | null;

  /** Until here. */
  to: string;

  /** Movements, entries and wallets that were looked at. */
  checked: number;

  /** Workflows that were started again, and Schedules that were put right. */
  repaired: number;
  cases_opened: number;
  cases_closed: number;

  /** Subjects that disagree, known ones included. */
  found: number;

  /** The first of what was found. */
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
  /** `changes` is what changed since the last run and a part of the rest, `all` is everything. */
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

  /** How its Temporal Schedule is. An ACTIVE one whose Schedule is `paused` or `missing` was stopped by somebody in Temporal, or was made a moment ago, or has no run left: else the reconciliation puts it right, and what was due meanwhile is made up for within a day. null unless it is ACTIVE, and while Temporal does not answer. */
  schedule: 'runs' | 'paused' | 'missing' | null;

  /** The ten newest; `/runs` lists all. */
  last_runs: Array<RecurringTransferRun>;

  /** When the ten latest that were missed and not caught up were to run; `/skipped-runs` lists all. */
  skipped_runs: Array<string>;
}

export interface RecurringTransferRequest {
  sender_wallet_id: string;
  receiver_wallet_id: string;

  /** A decimal string: more than zero, at most 15 digits before the point and 4 after it. Answers have 4 decimals. Of a currency without minor unit, such as JPY, whole numbers, unless the service is set to `AMOUNT_PRECISION=ledger`: `GET /v1/currencies`. */
  amount: string;

  /** An active ISO 4217 code, upper case. */
  currency?: string;

  /** Your own note, returned as it was sent. One line: no control characters, no marks that change the direction of text. */
  reference?: string;

  /** Up to 50 keys of 1 to 40 characters, with strings of up to 500, each one line as `reference` is. */
  metadata?: { [name: string]: string };

  /** Seconds from one run to the next, 60 to 31622400. The first run is at `starts_at`, or one interval after now. Exactly one of `every` and `calendar` is needed. */
  every?: number;

  /** The times whose parts all match, in `time_zone`. A part is a number, a range `{start, end, step?}` with both ends, a list of these, or `"*"`; days of the week are names. A part that is left out is 0 for minute and hour, and every value for the others: `{"day_of_month": 1, "hour": 9}` is 9:00 on the first of every month, `{"hour": "*", "minute": [0, 30], "day_of_week": ["MONDAY", "FRIDAY"]}` every half hour of two days. Each time runs once on each of its days: where the clock is put forward over it, at the moment after the gap; where the clock is put back and shows it twice, at the first of the two. So a calendar of every hour runs once less on such a day; for runs that are evenly spaced there is `every`. */
  calendar?: {
    /** 0 unless it is said. */
    minute?:
      | '*'
      | number
      | { start: number; end: number; step?: number }
      | Array<number | { start: number; end: number; step?: number }>;

    /** 0 unless it is said. */
    hour?:
      | '*'
      | number
      | { start: number; end: number; step?: number }
      | Array<number | { start: number; end: number; step?: number }>;

    /** `"last"` is the last day of the month, whichever it is. */
    day_of_month?:
      | '*'
      | number
      | { start: number; end: number; step?: number }
      | 'last'
      | Array<number | { start: number; end: number; step?: number } | 'last'>;

    /** For a `day_of_month` of 29 to 31: what becomes of it in a month without that day. `last`, unless it is said, runs on the month's last day, and `skip` not at all. Those that were made before there was a choice skip, and say so. */
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

  /** Whose clock the calendar is about: an IANA name. An interval is the same everywhere. */
  time_zone?: string;

  /** No run is before it; intervals count from it. One that has passed only gives the rhythm. */
  starts_at?: string;

  /** No run is after it, and one at least is before it. */
  ends_at?: string;
}

export interface RecurringTransferRun {
  /** The time at which it was to run; null if it was triggered. */
  scheduled_for: string | null;
  transfer_id: string;
  status: 'SCHEDULED' | 'PENDING' | 'DEBITED' | 'COMPLETED' | 'FAILED' | 'CANCELED';
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

  /** Later than it was to run if it was caught up. */
  accepted_at: string;
}

export interface Resolution {
  action: 'retry' | 'refund' | 'write_off';
  comment: string;
}

export interface SkippedRun {
  scheduled_for: string;
}

export interface Transaction {
  transaction_id: string;
  wallet_id: string;
  type: 'CREDIT' | 'DEBIT';

  /** PROCESSED and FAILED are final. */
  status: 'PENDING' | 'PROCESSED' | 'FAILED';

  /** Why it is FAILED. */
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

  /** Of `limit_exceeded`: which limit of the wallet, and how much could have moved. */
  failure_detail: { limit: 'max_amount' | 'outgoing_24h'; remaining: string } | null;
  amount: string;
  currency: string;
  reference: string | null;
  metadata: { [name: string]: string };

  /** Set while compensation cannot finish by itself and somebody should look. It goes on being tried. */
  attention: { case_id: string | null; reason: string; since: string; last_error: string | null } | null;
  created_at: string;
  updated_at: string;

  /** When it is given up, and compensated, unless its money has arrived. A hold that has been debited waits until its `expires_at` instead. */
  deadline_at: string;
}

export interface TransactionRequest {
  wallet_id: string;

  /** CREDIT puts money into the wallet, DEBIT takes it out. */
  type: 'CREDIT' | 'DEBIT';

  /** A decimal string: more than zero, at most 15 digits before the point and 4 after it. Answers have 4 decimals. No more than the minor unit has, which is 2 of USD, 0 of JPY and 3 of KWD, unless the service is set to `AMOUNT_PRECISION=ledger`: `GET /v1/currencies`. */
  amount: string;

  /** An active ISO 4217 code, upper case. */
  currency?: string;

  /** Your own note, returned as it was sent. One line: no control characters, no marks that change the direction of text. */
  reference?: string;

  /** Up to 50 keys of 1 to 40 characters, with strings of up to 500, each one line as `reference` is. */
  metadata?: { [name: string]: string };
}

export interface Transfer {
  transfer_id: string;
  sender_wallet_id: string;
  receiver_wallet_id: string;

  /** COMPLETED, FAILED and CANCELED are final. */
  status: 'SCHEDULED' | 'PENDING' | 'DEBITED' | 'COMPLETED' | 'FAILED' | 'CANCELED';

  /** Why it is FAILED. */
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

  /** What has arrived; null until it has ended. */
  captured_amount: string | null;

  /** What a hold gave back because it was not captured; null until it has ended. */
  released_amount: string | null;

  /** When a hold is given back unless it is captured. */
  expires_at: string | null;

  /** When a scheduled transfer begins. */
  scheduled_at: string | null;

  /** Which transfer it gives back. */
  reverses_transfer_id: string | null;

  /** What its reversals have given back or are giving back. */
  reversed_amount: string;
  recurring_transfer_id: string | null;
  batch_id: string | null;

  /** The group that it was accepted in, where the service moves transfers in groups: the workflow `group/<group_id>`. What that does not bring to its end goes on as `transfer/<transfer_id>`. */
  group_id: string | null;

  /** Of `limit_exceeded`: which limit of the wallet, and how much could have moved. */
  failure_detail: { limit: 'max_amount' | 'outgoing_24h'; remaining: string } | null;
  amount: string;
  currency: string;
  reference: string | null;
  metadata: { [name: string]: string };

  /** Set while compensation cannot finish by itself and somebody should look. It goes on being tried. */
  attention: { case_id: string | null; reason: string; since: string; last_error: string | null } | null;
  created_at: string;
  updated_at: string;

  /** When it is given up, and compensated, unless its money has arrived. A hold that has been debited waits until its `expires_at` instead. */
  deadline_at: string;
}

export interface TransferBatch {
  batch_id: string;

  /** COMPLETED once no item is pending, whatever became of each. */
  status: 'PROCESSING' | 'COMPLETED';

  /** `failed` are FAILED and CANCELED. */
  counts: { total: number; pending: number; completed: number; failed: number };

  /** Set while compensation cannot finish by itself and somebody should look. It goes on being tried. */
  attention: { case_id: string | null; reason: string; since: string; last_error: string | null } | null;
  created_at: string;
  updated_at: string;

  /** When what has not arrived is given up, and compensated. */
  deadline_at: string;
}

export interface TransferBatchItem {
  /** Its place in the batch, from 0. */
  index: number;
  transfer_id: string;
  status: 'SCHEDULED' | 'PENDING' | 'DEBITED' | 'COMPLETED' | 'FAILED' | 'CANCELED';
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

  /** A decimal string: more than zero, at most 15 digits before the point and 4 after it. Answers have 4 decimals. Of a currency without minor unit, such as JPY, whole numbers, unless the service is set to `AMOUNT_PRECISION=ledger`: `GET /v1/currencies`. */
  amount: string;

  /** An active ISO 4217 code, upper case. */
  currency?: string;

  /** Your own note, returned as it was sent. One line: no control characters, no marks that change the direction of text. */
  reference?: string;
}

export interface TransferBatchRequest {
  items: Array<TransferBatchItemRequest>;
}

export interface TransferRequest {
  sender_wallet_id: string;
  receiver_wallet_id: string;

  /** A decimal string: more than zero, at most 15 digits before the point and 4 after it. Answers have 4 decimals. Of a currency without minor unit, such as JPY, whole numbers, unless the service is set to `AMOUNT_PRECISION=ledger`: `GET /v1/currencies`. */
  amount: string;

  /** An active ISO 4217 code, upper case. */
  currency?: string;

  /** Your own note, returned as it was sent. One line: no control characters, no marks that change the direction of text. */
  reference?: string;

  /** Up to 50 keys of 1 to 40 characters, with strings of up to 500, each one line as `reference` is. */
  metadata?: { [name: string]: string };
  capture_method?: 'automatic' | 'manual';

  /** Seconds until a hold that is not captured is given back, 60 to 2592000 (30 days); 7 days if left out. */
  expires_in?: number;

  /** When it is to begin, at most a year ahead; until then it is SCHEDULED. */
  scheduled_at?: string;
}

export interface TransferStep {
  step: 'SCHEDULED' | 'PENDING' | 'DEBITED' | 'COMPLETED' | 'FAILED' | 'CANCELED' | 'ATTENTION';
  reason: string | null;
  at: string;
}

export interface Wallet {
  wallet_id: string;
  user_id: string;
  currency: string;
  status: 'ACTIVE' | 'SUSPENDED';

  /** What can be spent. */
  balance: string;

  /** What is set aside and not yet settled. */
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

  /** What has gone out within the last 24 hours, less what came back of it as refunds. */
  outgoing_24h_used: string;

  /** null: no limit. */
  outgoing_24h_remaining: string | null;
}

export interface WalletLimitsRequest {
  /** Of one movement; null for no limit. */
  max_amount?: string;

  /** Of all movements within any 24 hours together; null for no limit. */
  outgoing_24h?: string;
}

export interface WalletRequest {
  /** Compared by its characters in Unicode’s form NFC, in which it is kept, and with regard to case. */
  user_id: string;

  /** An active ISO 4217 code, upper case. */
  currency?: string;
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

  /** Cancel a transfer that is under way */
  cancelTransfer: {
    path: { transfer_id: string };
    query?: undefined;
    body?: Nothing;
    answer: Transfer;
  };

  /** Capture a hold */
  captureTransfer: {
    path: { transfer_id: string };
    query?: undefined;
    body?: AmountOrAll;
    answer: Transfer;
  };

  /** Compare transfers, ledger and workflows now */
  createReconciliationRun: {
    path?: undefined;
    query?: undefined;
    body?: ReconciliationRunRequest;
    answer: ReconciliationRun;
  };

  /** Transfer money again and again */
  createRecurringTransfer: {
    path?: undefined;
    query?: undefined;
    body: RecurringTransferRequest;
    answer: RecurringTransfer;
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

  /** Transfer money many times at once, up to 10000 times */
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

  /** End a recurring transfer */
  deleteRecurringTransfer: {
    path: { recurring_transfer_id: string };
    query?: undefined;
    body?: undefined;
    answer: RecurringTransfer;
  };

  /** A case, and what was done about it */
  getCase: {
    path: { case_id: string };
    query?: undefined;
    body?: undefined;
    answer: CaseWithHistory;
  };

  /** Whether the process lives */
  getHealth: {
    path?: undefined;
    query?: undefined;
    body?: undefined;
    answer: { status: 'ok' };
  };

  /** Whether a movement would go through, and the state of everything it needs */
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

  /** A batch, and how far it is */
  getTransferBatch: {
    path: { batch_id: string };
    query?: undefined;
    body?: undefined;
    answer: TransferBatch;
  };

  /** A wallet */
  getWallet: {
    path: { wallet_id: string };
    query?: undefined;
    body?: undefined;
    answer: Wallet;
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

  /** The limits of a wallet, and what remains of them */
  getWalletLimits: {
    path: { wallet_id: string };
    query?: undefined;
    body?: undefined;
    answer: WalletLimits;
  };

  /** Cases, newest first */
  listCases: {
    path?: undefined;
    query?: {
      status?: 'OPEN' | 'RESOLVED';
      limit?: number;

      /** The `next_cursor` of the page before: of this list, and with the same filters. */
      cursor?: string;
    };
    body?: undefined;
    answer: {
      data: Array<Case>;

      /** Asks for what follows; null on the last page. */
      next_cursor: string | null;
      open_count: number;
      oldest_open_at: string | null;
      oldest_open_age_seconds: number | null;
    };
  };

  /** The currencies, and how fine amounts in them may be */
  listCurrencies: {
    path?: undefined;
    query?: undefined;
    body?: undefined;
    answer: { data: Array<Currency> };
  };

  /** Runs, newest first */
  listReconciliationRuns: {
    path?: undefined;
    query?: {
      limit?: number;

      /** The `next_cursor` of the page before: of this list, and with the same filters. */
      cursor?: string;
    };
    body?: undefined;
    answer: {
      data: Array<ReconciliationRun>;

      /** Asks for what follows; null on the last page. */
      next_cursor: string | null;
    };
  };

  /** The transfers of a recurring transfer, newest first */
  listRecurringTransferRuns: {
    path: { recurring_transfer_id: string };
    query?: {
      limit?: number;

      /** The `next_cursor` of the page before: of this list, and with the same filters. */
      cursor?: string;
    };
    body?: undefined;
    answer: {
      data: Array<RecurringTransferRun>;

      /** Asks for what follows; null on the last page. */
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

      /** The `next_cursor` of the page before: of this list, and with the same filters. */
      cursor?: string;
    };
    body?: undefined;
    answer: {
      data: Array<RecurringTransfer>;

      /** Asks for what follows; null on the last page. */
      next_cursor: string | null;
    };
  };

  /** The runs that were missed and not caught up, the latest first */
  listSkippedRuns: {
    path: { recurring_transfer_id: string };
    query?: {
      limit?: number;

      /** The `next_cursor` of the page before: of this list, and with the same filters. */
      cursor?: string;
    };
    body?: undefined;
    answer: {
      data: Array<SkippedRun>;

      /** Asks for what follows; null on the last page. */
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

      /** One pair, as `metadata[order_id]=42`: what has this key with exactly this value. */
      metadata?: { [name: string]: string };

      /** This amount included. */
      amount_min?: string;

      /** This amount included. */
      amount_max?: string;

      /** This instant included. */
      created_after?: string;

      /** This instant excluded. */
      created_before?: string;
      status?: 'PENDING' | 'PROCESSED' | 'FAILED';

      /** CREDIT puts money into the wallet, DEBIT takes it out. */
      type?: 'CREDIT' | 'DEBIT';
      limit?: number;

      /** The `next_cursor` of the page before: of this list, and with the same filters. */
      cursor?: string;
    };
    body?: undefined;
    answer: {
      data: Array<Transaction>;

      /** Asks for what follows; null on the last page. */
      next_cursor: string | null;
    };
  };

  /** What has become of the items of a batch, in their order */
  listTransferBatchItems: {
    path: { batch_id: string };
    query?: {
      limit?: number;

      /** The `next_cursor` of the page before: of this list, and with the same filters. */
      cursor?: string;
    };
    body?: undefined;
    answer: {
      data: Array<TransferBatchItem>;

      /** Asks for what follows; null on the last page. */
      next_cursor: string | null;
    };
  };

  /** Batches, newest first */
  listTransferBatches: {
    path?: undefined;
    query?: {
      limit?: number;

      /** The `next_cursor` of the page before: of this list, and with the same filters. */
      cursor?: string;
    };
    body?: undefined;
    answer: {
      data: Array<TransferBatch>;

      /** Asks for what follows; null on the last page. */
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

      /** One pair, as `metadata[order_id]=42`: what has this key with exactly this value. */
      metadata?: { [name: string]: string };

      /** This amount included. */
      amount_min?: string;

      /** This amount included. */
      amount_max?: string;

      /** This instant included. */
      created_after?: string;

      /** This instant excluded. */
      created_before?: string;
      status?: 'SCHEDULED' | 'PENDING' | 'DEBITED' | 'COMPLETED' | 'FAILED' | 'CANCELED';

      /** The reversals of this transfer. */
      reverses_transfer_id?: string;

      /** The runs of this one. */
      recurring_transfer_id?: string;
      limit?: number;

      /** The `next_cursor` of the page before: of this list, and with the same filters. */
      cursor?: string;
    };
    body?: undefined;
    answer: {
      data: Array<Transfer>;

      /** Asks for what follows; null on the last page. */
      next_cursor: string | null;
    };
  };

  /** The statement of a wallet, newest first */
  listWalletEntries: {
    path: { wallet_id: string };
    query?: {
      limit?: number;

      /** The `next_cursor` of the page before: of this list, and with the same filters. */
      cursor?: string;
    };
    body?: undefined;
    answer: {
      data: Array<LedgerEntry>;

      /** Asks for what follows; null on the last page. */
      next_cursor: string | null;
    };
  };

  /** Wallets, newest first */
  listWallets: {
    path?: undefined;
    query?: {
      /** As sent, or in Unicode’s form NFC. */
      user_id?: string;
      limit?: number;

      /** The `next_cursor` of the page before: of this list, and with the same filters. */
      cursor?: string;
    };
    body?: undefined;
    answer: {
      data: Array<Wallet>;

      /** Asks for what follows; null on the last page. */
      next_cursor: string | null;
    };
  };

  /** Stop the runs of a recurring transfer */
  pauseRecurringTransfer: {
    path: { recurring_transfer_id: string };
    query?: undefined;
    body?: undefined;
    answer: RecurringTransfer;
  };

  /** Try again what the reconciliation could not repair, or say that it is settled */
  resolveCase: {
    path: { case_id: string };
    query?: undefined;
    body: CaseResolution;
    answer: CaseWithHistory;
  };

  /** Step in where a transfer needs attention */
  resolveTransfer: {
    path: { transfer_id: string };
    query?: undefined;
    body: Resolution;
    answer: Transfer;
  };

  /** Let a paused recurring transfer go on */
  resumeRecurringTransfer: {
    path: { recurring_transfer_id: string };
    query?: undefined;
    body?: undefined;
    answer: RecurringTransfer;
  };

  /** Give back a completed transfer, whole or in part */
  reverseTransfer: {
    path: { transfer_id: string };
    query?: undefined;
    body?: AmountOrAll;
    answer: Transfer;
  };

  /** Limit what goes out of a wallet */
  setWalletLimits: {
    path: { wallet_id: string };
    query?: undefined;
    body: WalletLimitsRequest;
    answer: WalletLimits;
  };

  /** Stop a wallet from sending and receiving */
  suspendWallet: {
    path: { wallet_id: string };
    query?: undefined;
    body?: undefined;
    answer: Wallet;
  };

  /** Run a recurring transfer now */
  triggerRecurringTransfer: {
    path: { recurring_transfer_id: string };
    query?: undefined;
    body?: undefined;
    answer: Transfer;
  };
}

/** Where each operation is, and which headers it knows. */
export const ROUTES = {
  activateWallet: { method: 'POST', path: '/v1/wallets/{wallet_id}/activate', headers: [] },
  cancelTransfer: { method: 'POST', path: '/v1/transfers/{transfer_id}/cancel', headers: ['prefer'] },
  captureTransfer: { method: 'POST', path: '/v1/transfers/{transfer_id}/capture', headers: ['prefer'] },
  createReconciliationRun: { method: 'POST', path: '/v1/reconciliation-runs', headers: ['prefer'] },
  createRecurringTransfer: { method: 'POST', path: '/v1/recurring-transfers', headers: ['idempotency-key'] },
  createTransaction: { method: 'POST', path: '/v1/transactions', headers: ['idempotency-key', 'prefer'] },
  createTransfer: { method: 'POST', path: '/v1/transfers', headers: ['idempotency-key', 'prefer'] },
  createTransferBatch: { method: 'POST', path: '/v1/transfer-batches', headers: ['idempotency-key', 'prefer'] },
  createWallet: { method: 'POST', path: '/v1/wallets', headers: [] },
  deleteRecurringTransfer: { method: 'DELETE', path: '/v1/recurring-transfers/{recurring_transfer_id}', headers: [] },
  getCase: { method: 'GET', path: '/v1/cases/{case_id}', headers: [] },
  getHealth: { method: 'GET', path: '/health', headers: [] },
  getReadiness: { method: 'GET', path: '/health/ready', headers: [] },
  getReconciliationRun: { method: 'GET', path: '/v1/reconciliation-runs/{run_id}', headers: [] },
  getRecurringTransfer: { method: 'GET', path: '/v1/recurring-transfers/{recurring_transfer_id}', headers: [] },
  getTransaction: { method: 'GET', path: '/v1/transactions/{transaction_id}', headers: [] },
  getTransfer: { method: 'GET', path: '/v1/transfers/{transfer_id}', headers: [] },
  getTransferBatch: { method: 'GET', path: '/v1/transfer-batches/{batch_id}', headers: [] },
  getWallet: { method: 'GET', path: '/v1/wallets/{wallet_id}', headers: [] },
  getWalletBalance: { method: 'GET', path: '/v1/wallets/{wallet_id}/balance', headers: [] },
  getWalletLimits: { method: 'GET', path: '/v1/wallets/{wallet_id}/limits', headers: [] },
  listCases: { method: 'GET', path: '/v1/cases', headers: [] },
  listCurrencies: { method: 'GET', path: '/v1/currencies', headers: [] },
  listReconciliationRuns: { method: 'GET', path: '/v1/reconciliation-runs', headers: [] },
  listRecurringTransferRuns: {
    method: 'GET',
    path: '/v1/recurring-transfers/{recurring_transfer_id}/runs',
    headers: [],
  },
  listRecurringTransfers: { method: 'GET', path: '/v1/recurring-transfers', headers: [] },
  listSkippedRuns: { method: 'GET', path: '/v1/recurring-transfers/{recurring_transfer_id}/skipped-runs', headers: [] },
  listTransactions: { method: 'GET', path: '/v1/transactions', headers: [] },
  listTransferBatchItems: { method: 'GET', path: '/v1/transfer-batches/{batch_id}/items', headers: [] },
  listTransferBatches: { method: 'GET', path: '/v1/transfer-batches', headers: [] },
  listTransferSteps: { method: 'GET', path: '/v1/transfers/{transfer_id}/steps', headers: [] },
  listTransfers: { method: 'GET', path: '/v1/transfers', headers: [] },
  listWalletEntries: { method: 'GET', path: '/v1/wallets/{wallet_id}/entries', headers: [] },
  listWallets: { method: 'GET', path: '/v1/wallets', headers: [] },
  pauseRecurringTransfer: {
    method: 'POST',
    path: '/v1/recurring-transfers/{recurring_transfer_id}/pause',
    headers: [],
  },
  resolveCase: { method: 'POST', path: '/v1/cases/{case_id}/resolve', headers: ['x-actor'] },
  resolveTransfer: { method: 'POST', path: '/v1/transfers/{transfer_id}/resolve', headers: ['prefer', 'x-actor'] },
  resumeRecurringTransfer: {
    method: 'POST',
    path: '/v1/recurring-transfers/{recurring_transfer_id}/resume',
    headers: [],
  },
  reverseTransfer: {
    method: 'POST',
    path: '/v1/transfers/{transfer_id}/reversals',
    headers: ['idempotency-key', 'prefer'],
  },
  setWalletLimits: { method: 'PUT', path: '/v1/wallets/{wallet_id}/limits', headers: [] },
  suspendWallet: { method: 'POST', path: '/v1/wallets/{wallet_id}/suspend', headers: [] },
  triggerRecurringTransfer: {
    method: 'POST',
    path: '/v1/recurring-transfers/{recurring_transfer_id}/trigger',
    headers: ['idempotency-key', 'prefer'],
  },
} as const;
