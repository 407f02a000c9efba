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
}

export const PROVISIONAL_ROUTES = {
  createTransferBatch: { method: 'POST', path: '/v1/transfer-batches', headers: ['idempotency-key', 'prefer'] },
  getTransferBatch: { method: 'GET', path: '/v1/transfer-batches/{batch_id}', headers: [] },
  listTransferBatchItems: { method: 'GET', path: '/v1/transfer-batches/{batch_id}/items', headers: [] },
  listTransferBatches: { method: 'GET', path: '/v1/transfer-batches', headers: [] },
} as const;
