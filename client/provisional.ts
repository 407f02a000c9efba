/** Generated in the shape of wire.ts for operations that the OpenAPI document does not have yet; a test asks for the removal of those that it has. */
import type { Transfer, TransferRequest } from './wire.ts';

export interface TransferBatchRequest {
  items: Array<Pick<TransferRequest, 'sender_wallet_id' | 'receiver_wallet_id' | 'amount' | 'currency' | 'reference'>>;
}

export interface TransferBatch {
  batch_id: string;

  /** COMPLETED once no item is pending, whatever became of each. */
  status: 'PROCESSING' | 'COMPLETED';

  /** `failed` are FAILED and CANCELED. */
  counts: { total: number; pending: number; completed: number; failed: number };

  /** Set while compensation cannot finish by itself and somebody should look. It goes on being tried. */
  attention: { reason: string; since: string; last_error: string | null } | null;
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
    | null;
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

  /** The next ten at most, none unless it is ACTIVE; null while Temporal, which computes them, does not answer. */
  next_runs: Array<string> | null;

  /** The ten newest; `/runs` lists all. */
  last_runs: Array<RecurringTransferRun>;

  /** When the ten latest that were missed and not caught up were to run; `/skipped-runs` lists all. */
  skipped_runs: Array<string>;
}

export interface RecurringTransferRequest {
  sender_wallet_id: string;
  receiver_wallet_id: string;

  /** A decimal string: more than zero, at most 15 digits before the point and 4 after it. Answers have 4 decimals. */
  amount: string;

  /** An active ISO 4217 code, upper case. */
  currency?: string;

  /** Your own note, returned as it was sent. */
  reference?: string;

  /** Up to 50 keys of 1 to 40 characters, with strings of up to 500. */
  metadata?: { [name: string]: string };

  /** Seconds from one run to the next, 60 to 31622400. The first run is at `starts_at`, or one interval after now. Exactly one of `every` and `calendar` is needed. */
  every?: number;

  /** The times whose parts all match, in `time_zone`. A part is a number, a range `{start, end, step?}` with both ends, a list of these, or `"*"`; days of the week are names. A part that is left out is 0 for minute and hour, and every value for the others: `{"day_of_month": 1, "hour": 9}` is 9:00 on the first of every month, `{"hour": "*", "minute": [0, 30], "day_of_week": ["MONDAY", "FRIDAY"]}` every half hour of two days. Where the clock is put forward, a time that it leaves out does not run; where it is put back, a time that comes twice runs twice. */
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
    day_of_month?:
      | '*'
      | number
      | { start: number; end: number; step?: number }
      | Array<number | { start: number; end: number; step?: number }>;

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

  /** No run is after it. */
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
    | null;

  /** Later than it was to run if it was caught up. */
  accepted_at: string;
}

export interface SkippedRun {
  scheduled_for: string;
}

export interface ProvisionalOperations {
  createTransferBatch: {
    path?: undefined;
    query?: undefined;
    body: TransferBatchRequest;
    answer: TransferBatch;
  };
  getTransferBatch: {
    path: { batch_id: string };
    query?: undefined;
    body?: undefined;
    answer: TransferBatch;
  };
  listTransferBatchItems: {
    path: { batch_id: string };
    query?: {
      limit?: number;

      /** The `next_cursor` of the page before. */
      cursor?: string;
    };
    body?: undefined;
    answer: {
      data: Array<TransferBatchItem>;

      /** Asks for what follows; null on the last page. */
      next_cursor: string | null;
    };
  };
  listTransferBatches: {
    path?: undefined;
    query?: {
      limit?: number;

      /** The `next_cursor` of the page before. */
      cursor?: string;
    };
    body?: undefined;
    answer: {
      data: Array<TransferBatch>;

      /** Asks for what follows; null on the last page. */
      next_cursor: string | null;
    };
  };
  createRecurringTransfer: {
    path?: undefined;
    query?: undefined;
    body: RecurringTransferRequest;
    answer: RecurringTransfer;
  };
  deleteRecurringTransfer: {
    path: { recurring_transfer_id: string };
    query?: undefined;
    body?: undefined;
    answer: RecurringTransfer;
  };
  getRecurringTransfer: {
    path: { recurring_transfer_id: string };
    query?: undefined;
    body?: undefined;
    answer: RecurringTransferDetails;
  };
  listRecurringTransferRuns: {
    path: { recurring_transfer_id: string };
    query?: {
      limit?: number;

      /** The `next_cursor` of the page before. */
      cursor?: string;
    };
    body?: undefined;
    answer: {
      data: Array<RecurringTransferRun>;

      /** Asks for what follows; null on the last page. */
      next_cursor: string | null;
    };
  };
  listRecurringTransfers: {
    path?: undefined;
    query?: {
      status?: 'ACTIVE' | 'PAUSED' | 'DELETED';

      /** As sender or receiver. */
      wallet_id?: string;
      limit?: number;

      /** The `next_cursor` of the page before. */
      cursor?: string;
    };
    body?: undefined;
    answer: {
      data: Array<RecurringTransfer>;

      /** Asks for what follows; null on the last page. */
      next_cursor: string | null;
    };
  };
  listSkippedRuns: {
    path: { recurring_transfer_id: string };
    query?: {
      limit?: number;

      /** The `next_cursor` of the page before. */
      cursor?: string;
    };
    body?: undefined;
    answer: {
      data: Array<SkippedRun>;

      /** Asks for what follows; null on the last page. */
      next_cursor: string | null;
    };
  };
  pauseRecurringTransfer: {
    path: { recurring_transfer_id: string };
    query?: undefined;
    body?: undefined;
    answer: RecurringTransfer;
  };
  resumeRecurringTransfer: {
    path: { recurring_transfer_id: string };
    query?: undefined;
    body?: undefined;
    answer: RecurringTransfer;
  };
  triggerRecurringTransfer: {
    path: { recurring_transfer_id: string };
    query?: undefined;
    body?: undefined;
    answer: Transfer;
  };
}

export const PROVISIONAL_ROUTES = {
  createTransferBatch: { method: 'POST', path: '/v1/transfer-batches', headers: ['idempotency-key', 'prefer'] },
  getTransferBatch: { method: 'GET', path: '/v1/transfer-batches/{batch_id}', headers: [] },
  listTransferBatchItems: { method: 'GET', path: '/v1/transfer-batches/{batch_id}/items', headers: [] },
  listTransferBatches: { method: 'GET', path: '/v1/transfer-batches', headers: [] },
  createRecurringTransfer: { method: 'POST', path: '/v1/recurring-transfers', headers: ['idempotency-key'] },
  deleteRecurringTransfer: { method: 'DELETE', path: '/v1/recurring-transfers/{recurring_transfer_id}', headers: [] },
  getRecurringTransfer: { method: 'GET', path: '/v1/recurring-transfers/{recurring_transfer_id}', headers: [] },
  listRecurringTransferRuns: {
    method: 'GET',
    path: '/v1/recurring-transfers/{recurring_transfer_id}/runs',
    headers: [],
  },
  listRecurringTransfers: { method: 'GET', path: '/v1/recurring-transfers', headers: [] },
  listSkippedRuns: { method: 'GET', path: '/v1/recurring-transfers/{recurring_transfer_id}/skipped-runs', headers: [] },
  pauseRecurringTransfer: {
    method: 'POST',
    path: '/v1/recurring-transfers/{recurring_transfer_id}/pause',
    headers: [],
  },
  resumeRecurringTransfer: {
    method: 'POST',
    path: '/v1/recurring-transfers/{recurring_transfer_id}/resume',
    headers: [],
  },
  triggerRecurringTransfer: {
    method: 'POST',
    path: '/v1/recurring-transfers/{recurring_transfer_id}/trigger',
    headers: ['idempotency-key', 'prefer'],
  },
} as const;
