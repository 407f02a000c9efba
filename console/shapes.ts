/** Answers of the API that are on their way into the client. */
import type { Order, Transfer } from '../client/client.ts';
export interface Overview {
  at: string;
  currencies: { currency: string; total: string | null; held: string | null; in_flight: string | null }[];
  books: { balance: boolean | null; disagreements: number; as_of: string | null };
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
  attention: {
    kind: 'transfers' | 'holds' | 'transactions' | 'batches' | 'orders' | 'returns' | 'cases' | 'order_cases';
    count: number;
    oldest_at: string | null;
    oldest_age_seconds: number | null;
  }[];
  needs_you: { count: number; oldest_age_seconds: number | null };
  under_way: {
    kind: 'transfer' | 'hold' | 'batch_item' | 'deposit' | 'withdrawal' | 'order';
    status: string;
    count: number;
    oldest_age_seconds: number;
    stuck: number;
  }[];
  workers: { name: string; status: 'up' | 'down'; reason?: string }[];
  queues: { queue: string; type: 'workflow' | 'activity'; waiting: number; oldest_seconds: number }[];
  lag: { name: string; events: number; seconds: number; is_stopped: boolean }[];
  sources: Record<string, string>;
}
export interface Flow {
  count: number;
  amount: string;
}
export interface Flows {
  currency: string;
  from: string;
  to: string;
  data: { hour: string; transfers: Flow; deposits: Flow; withdrawals: Flow }[];
  up_to_position: number;
}
export interface Found {
  q: string;
  data: {
    type: string;
    id: string;
    matched: string;
    label: string;
    status: string | null;
    at: string | null;
    path: string;
  }[];
  is_cut: boolean;
  sources: Record<string, string>;
}
export interface TransferTimeline {
  transfer: Transfer;
  at: string;
  saga: Saga;
  sources: Record<string, string>;
}
export interface OrderTimeline {
  order: Order;
  at: string;
  saga: Saga;
  journals: { journal_id: string; kind: string; at: string; amount: string }[];
  sources: Record<string, string>;
}
export interface Saga {
  workflow: { workflow_id: string; run_id: string | null; status: string | null } | null;
  started_at: string;
  deadline_at: string | null;
  ended_at: string | null;
  steps: { at: string; step: string; reason: string | null; n: number }[];
  lanes: { lane: string; service: string; legs: Leg[] }[];
  pending: {
    activity: string;
    leg: string | null;
    lane: string;
    attempt: number;
    last_error: string | null;
    last_started_at: string | null;
    next_try_at: string | null;
    state: 'scheduled' | 'started' | 'backing_off';
  }[];
  entries: {
    lane: string;
    movement_id: string;
    wallet_id: string;
    kind: 'user' | 'external';
    type: 'DEBIT' | 'CREDIT' | 'REFUND';
    amount: string;
    signed: string;
    currency: string;
    sequence: number;
    at: string;
  }[];
  entries_sum: { currency: string; sum: string }[];
}
export interface Leg {
  leg: string;
  n: number;
  direction: 'forward' | 'compensation';
  compensates: string | null;
  verdict: {
    outcome: 'applied' | 'rejected' | 'canceled' | 'done' | 'refused' | 'undone';
    reason: string | null;
    at: string;
  } | null;
  wallet_id: string | null;
  amount: string | null;
  currency: string | null;
  movement_id: string | null;
  attempts: Attempt[];
  attempt_count: number;
}
export interface Attempt {
  ordinal: number;
  activity: string;
  started_at: string | null;
  ended_at: string | null;
  outcome: 'completed' | 'failed' | 'timed_out' | 'canceled' | 'running' | null;
  error: string | null;
}
export interface BalanceHistory {
  wallet_id: string;
  currency: string;
  from: string;
  to: string;
  balance_before: string;
  data: { at: string; balance: string; low: string; high: string; entries: number }[];
  is_exact: boolean;
}
export interface BatchTrial {
  is_acceptable: boolean;
  counts: { total: number; faulty: number };
  totals: { currency: string; items: number; amount: string }[];
  faults: { index: number; faults: { pointer: string; code: string; detail: string }[] }[];
  is_cut: boolean;
}
