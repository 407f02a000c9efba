/**
 * Operations that the client has and the OpenAPI document does not have yet, in the shape of wire.ts. What the document has
 * takes their place, and a test then asks for the entry here to be removed. Imported by client.ts.
 */
import type { Transfer, TransferRequest } from './wire.ts';

export interface WalletLimits {
  max_amount?: string | null;
  outgoing_24h?: string | null;
}

export interface TransferBatch {
  batch_id: string;
  status: 'PROCESSING' | 'COMPLETED';
  counts: { total: number; pending: number; completed: number; failed: number };
}

export interface TransferBatchItem {
  index: number;
  transfer_id: string;
  status: string;
  failure_reason: string | null;
}

export interface RecurringTransfer {
  recurring_transfer_id: string;
  [name: string]: unknown;
}

export interface RecurringTransferRequest {
  sender_wallet_id: string;
  receiver_wallet_id: string;
  amount: string;
  currency?: string;
  every?: number;
  calendar?: { [name: string]: unknown };
  time_zone?: string;
  starts_at?: string;
  ends_at?: string;
}

export interface Case {
  case_id: string;
  transfer_id: string;
  reason: string;
  since: string;
  [name: string]: unknown;
}

export interface ReconciliationRun {
  reconciliation_run_id: string;
  status: string;
  [name: string]: unknown;
}

export interface Paging {
  limit?: number;
  cursor?: string;
}
export interface Page<Item> {
  data: Array<Item>;
  next_cursor: string | null;
}
interface Takes<Path, Query, Body, Answer> {
  path: Path;
  query?: Query;
  body: Body;
  answer: Answer;
}
interface Asks<Path, Answer> {
  path: Path;
  query?: undefined;
  body?: undefined;
  answer: Answer;
}
interface Lists<Query, Item> {
  path?: undefined;
  query?: Query;
  body?: undefined;
  answer: Page<Item>;
}
type OnTransfer<Body> = Takes<{ transfer_id: string }, undefined, Body, Transfer>;
type OnRecurring<Answer> = Asks<{ recurring_transfer_id: string }, Answer>;
type Creates<Body, Answer> = {
  path?: undefined;
  query?: undefined;
  body: Body;
  answer: Answer;
};

export interface ProvisionalOperations {
  captureTransfer: OnTransfer<{ amount?: string }>;
  cancelTransfer: OnTransfer<Record<string, never>>;
  reverseTransfer: OnTransfer<{ amount?: string }>;
  resolveTransfer: OnTransfer<{ action: 'retry' | 'refund' | 'write_off'; comment: string }>;
  getWalletLimits: Asks<{ wallet_id: string }, WalletLimits>;
  setWalletLimits: Takes<{ wallet_id: string }, undefined, WalletLimits, WalletLimits>;
  createTransferBatch: Creates<{ items: TransferRequest[] }, TransferBatch>;
  getTransferBatch: Asks<{ batch_id: string }, TransferBatch>;
  listTransferBatchItems: {
    path: { batch_id: string };
    query?: Paging;
    body?: undefined;
    answer: Page<TransferBatchItem>;
  };
  createRecurringTransfer: Creates<RecurringTransferRequest, RecurringTransfer>;
  getRecurringTransfer: OnRecurring<RecurringTransfer>;
  listRecurringTransfers: Lists<Paging, RecurringTransfer>;
  deleteRecurringTransfer: OnRecurring<RecurringTransfer | undefined>;
  pauseRecurringTransfer: OnRecurring<RecurringTransfer>;
  resumeRecurringTransfer: OnRecurring<RecurringTransfer>;
  triggerRecurringTransfer: OnRecurring<RecurringTransfer>;
  listCases: Lists<Paging & { status?: string }, Case>;
  getCase: Asks<{ case_id: string }, Case>;
  createReconciliationRun: Creates<undefined, ReconciliationRun>;
  listReconciliationRuns: Lists<Paging, ReconciliationRun>;
}

const KEYED = ['idempotency-key', 'prefer'] as const;
const transfer = '/v1/transfers/{transfer_id}' as const;
const recurring = '/v1/recurring-transfers' as const;
const limits = '/v1/wallets/{wallet_id}/limits' as const;

export const PROVISIONAL_ROUTES = {
  captureTransfer: { method: 'POST', path: `${transfer}/capture`, headers: [] },
  cancelTransfer: { method: 'POST', path: `${transfer}/cancel`, headers: [] },
  reverseTransfer: { method: 'POST', path: `${transfer}/reversals`, headers: KEYED },
  resolveTransfer: { method: 'POST', path: `${transfer}/resolve`, headers: ['x-actor'] },
  getWalletLimits: { method: 'GET', path: limits, headers: [] },
  setWalletLimits: { method: 'PUT', path: limits, headers: [] },
  createTransferBatch: { method: 'POST', path: '/v1/transfer-batches', headers: KEYED },
  getTransferBatch: { method: 'GET', path: '/v1/transfer-batches/{batch_id}', headers: [] },
  listTransferBatchItems: { method: 'GET', path: '/v1/transfer-batches/{batch_id}/items', headers: [] },
  createRecurringTransfer: { method: 'POST', path: recurring, headers: ['idempotency-key'] },
  getRecurringTransfer: { method: 'GET', path: `${recurring}/{recurring_transfer_id}`, headers: [] },
  listRecurringTransfers: { method: 'GET', path: recurring, headers: [] },
  deleteRecurringTransfer: { method: 'DELETE', path: `${recurring}/{recurring_transfer_id}`, headers: [] },
  pauseRecurringTransfer: { method: 'POST', path: `${recurring}/{recurring_transfer_id}/pause`, headers: [] },
  resumeRecurringTransfer: { method: 'POST', path: `${recurring}/{recurring_transfer_id}/resume`, headers: [] },
  triggerRecurringTransfer: {
    method: 'POST',
    path: `${recurring}/{recurring_transfer_id}/trigger`,
    headers: ['idempotency-key'],
  },
  listCases: { method: 'GET', path: '/v1/cases', headers: [] },
  getCase: { method: 'GET', path: '/v1/cases/{case_id}', headers: [] },
  createReconciliationRun: { method: 'POST', path: '/v1/reconciliation-runs', headers: ['prefer'] },
  listReconciliationRuns: { method: 'GET', path: '/v1/reconciliation-runs', headers: [] },
} as const satisfies Record<keyof ProvisionalOperations, object>;
