/** Generated in the shape of wire.ts for operations that the OpenAPI document does not have yet; a test asks for the removal of those that it has. */
import type { TransferRequest } from './wire.ts';

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

export interface Case {
  case_id: string;

  /** What it is about: `transfer/…`, `transaction/…`, `wallet/…`, or `movement/…` of one that is unknown. */
  subject: string;
  transfer_id: string | null;
  transaction_id: string | null;

  /** A stable code. Of the reconciliation: `workflow_missing`, `entries_without_movement`, `entries_disagree`, `balance_disagrees`. Otherwise the step of the compensation that keeps failing. */
  reason: string;
  status: 'OPEN' | 'RESOLVED';
  since: string;
  last_error: string | null;

  /** How often what fails was tried. */
  attempts: number;
  resolved_at: string | null;
}

export interface CaseResolution {
  action: 'retry' | 'close';
  comment: string;
}

export type CaseWithHistory = Case & {
  history: Array<{
    action: 'opened' | 'retry' | 'refund' | 'write_off' | 'closed' | 'resolved';
    actor: string;
    comment: string;
    at: string;
  }>;
};

export interface ReconciliationRun {
  run_id: string;
  trigger: 'schedule' | 'request';

  /** CLEAN: everything agrees. REPAIRED: what disagreed was repaired. FOUND: there are cases. FAILED: it could not come to its end, and the next run looks at the same changes again. */
  status: 'RUNNING' | 'CLEAN' | 'REPAIRED' | 'FOUND' | 'FAILED';

  /** It looks at what changed from here on: before the end of the last run. */
  from: string;

  /** Until here. */
  to: string;

  /** Movements, entries and wallets that were looked at. */
  checked: number;

  /** Workflows that were started again. */
  repaired: number;
  cases_opened: number;
  cases_closed: number;

  /** Subjects that disagree, known ones included. */
  found: number;

  /** The first of what was found. */
  findings: Array<{
    subject: string;
    reason: 'workflow_missing' | 'entries_without_movement' | 'entries_disagree' | 'balance_disagrees';
    detail: string;
  }>;
  error: string | null;
  started_at: string;
  finished_at: string | null;
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
  createReconciliationRun: {
    path?: undefined;
    query?: undefined;
    body?: undefined;
    answer: ReconciliationRun;
  };
  getCase: {
    path: { case_id: string };
    query?: undefined;
    body?: undefined;
    answer: CaseWithHistory;
  };
  getReconciliationRun: {
    path: { run_id: string };
    query?: undefined;
    body?: undefined;
    answer: ReconciliationRun;
  };
  listCases: {
    path?: undefined;
    query?: {
      status?: 'OPEN' | 'RESOLVED';
      limit?: number;

      /** The `next_cursor` of the page before. */
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
  listReconciliationRuns: {
    path?: undefined;
    query?: {
      limit?: number;

      /** The `next_cursor` of the page before. */
      cursor?: string;
    };
    body?: undefined;
    answer: {
      data: Array<ReconciliationRun>;

      /** Asks for what follows; null on the last page. */
      next_cursor: string | null;
    };
  };
  resolveCase: {
    path: { case_id: string };
    query?: undefined;
    body: CaseResolution;
    answer: CaseWithHistory;
  };
}

export const PROVISIONAL_ROUTES = {
  createTransferBatch: { method: 'POST', path: '/v1/transfer-batches', headers: ['idempotency-key', 'prefer'] },
  getTransferBatch: { method: 'GET', path: '/v1/transfer-batches/{batch_id}', headers: [] },
  listTransferBatchItems: { method: 'GET', path: '/v1/transfer-batches/{batch_id}/items', headers: [] },
  listTransferBatches: { method: 'GET', path: '/v1/transfer-batches', headers: [] },
  createReconciliationRun: { method: 'POST', path: '/v1/reconciliation-runs', headers: ['prefer'] },
  getCase: { method: 'GET', path: '/v1/cases/{case_id}', headers: [] },
  getReconciliationRun: { method: 'GET', path: '/v1/reconciliation-runs/{run_id}', headers: [] },
  listCases: { method: 'GET', path: '/v1/cases', headers: [] },
  listReconciliationRuns: { method: 'GET', path: '/v1/reconciliation-runs', headers: [] },
  resolveCase: { method: 'POST', path: '/v1/cases/{case_id}/resolve', headers: ['x-actor'] },
} as const;
