/** Answers of the API that are on their way into the client. */
import type { Saga } from '../client/client.ts';
export type { OrderTimeline, Overview, Saga, TransferTimeline } from '../client/client.ts';

export type Leg = Saga['lanes'][number]['legs'][number];
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
