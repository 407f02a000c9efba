/**
 * The plan: how long each part of the bench measures. The whole takes some forty minutes; the quick one, for a first look and for
 * CI, some six.
 */
interface Loop {
  readonly rounds: number;
  readonly warmUpSeconds: number;
  readonly seconds: number;
}

export interface Plan {
  /** `separate`: whether to measure the memory of `npm start -- --separate` too. */
  readonly starts: { readonly times: number; readonly separate: boolean };
  /** `atOnce` is for Counterpoise, `othersAtOnce` for everything that it is compared with. */
  readonly single: Loop & { readonly atOnce: readonly number[]; readonly othersAtOnce: readonly number[] };
  readonly costs: Loop;
  readonly batches: {
    readonly rounds: number;
    readonly tpcbSeconds: number;
    /** The number of batches of each size, made one after the other. */
    readonly sizes: readonly { readonly items: number; readonly times: number }[];
    readonly readSeconds: number;
  };
  readonly shapes: Loop;
  /** The sizes in ascending order; `restSeconds`: how long a process is watched at rest, a minute for what is looked at once a minute. */
  readonly growth: Loop & { readonly sizes: readonly number[]; readonly restSeconds: number };
  /** `stored`: how many orders are there already, where growth is measured. */
  readonly orders: Loop & { readonly stored: number };
}

export const COMPARED_AT_ONCE = [1, 50] as const;
const CONCURRENCIES = [1, 10, 50, 200, 500];

export const WHOLE: Plan = {
  starts: { times: 3, separate: true },
  single: { rounds: 3, warmUpSeconds: 3, seconds: 4, atOnce: CONCURRENCIES, othersAtOnce: CONCURRENCIES },
  costs: { rounds: 24, warmUpSeconds: 5, seconds: 2 },
  batches: {
    rounds: 4,
    tpcbSeconds: 5,
    sizes: [
      { items: 100, times: 10 },
      { items: 1_000, times: 5 },
      { items: 10_000, times: 2 },
    ],
    readSeconds: 1,
  },
  shapes: { rounds: 3, warmUpSeconds: 3, seconds: 6 },
  growth: { rounds: 3, warmUpSeconds: 3, seconds: 6, sizes: [10_000, 100_000, 1_000_000], restSeconds: 60 },
  orders: { rounds: 3, warmUpSeconds: 3, seconds: 5, stored: 100_000 },
};

export const QUICK: Plan = {
  starts: { times: 1, separate: false },
  single: { rounds: 2, warmUpSeconds: 1, seconds: 2, atOnce: [1, 50, 200], othersAtOnce: [1, 50, 200] },
  costs: { rounds: 6, warmUpSeconds: 3, seconds: 2 },
  batches: {
    rounds: 1,
    tpcbSeconds: 3,
    sizes: [
      { items: 1_000, times: 3 },
      { items: 10_000, times: 2 },
    ],
    readSeconds: 1,
  },
  shapes: { rounds: 1, warmUpSeconds: 1, seconds: 3 },
  growth: { rounds: 1, warmUpSeconds: 1, seconds: 3, sizes: [1_000, 11_000], restSeconds: 15 },
  orders: { rounds: 1, warmUpSeconds: 0.5, seconds: 2, stored: 2_000 },
};
