/** The calls about the whole: where the money is, and what needs a person. */
import type { Calls } from './call.ts';
import type { CallOptions } from './transport.ts';

export function overviewCalls({ call }: Calls) {
  return {
    /** Where the money is now, and what needs a person. */
    get: (callOptions?: CallOptions) => call('getOverview', {}, callOptions),
    /** All the money in each currency. */
    totals: async (callOptions?: CallOptions) => (await call('getTotals', {}, callOptions)).data,
  };
}
