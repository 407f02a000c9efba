/** The calls about the whole: where the money is, and what needs a person. */
import type { Calls, QueryOf } from './call.ts';
import type { CallOptions } from './transport.ts';

export function overviewCalls({ call }: Calls) {
  return {
    /** Where the money is now, and what needs a person. */
    get: (callOptions?: CallOptions) => call('getOverview', {}, callOptions),
    /** Anything by any id, a reference, `key=value` of metadata, a user id, a SKU or the position of an event. */
    find: (query: QueryOf<'find'>, callOptions?: CallOptions) => call('find', { query }, callOptions),
    /** How much money has moved, by currency, in equal steps of time; by default each hour of the last 24. */
    flows: (query: QueryOf<'getFlows'> = {}, callOptions?: CallOptions) => call('getFlows', { query }, callOptions),
    /** All the money in each currency. */
    totals: async (callOptions?: CallOptions) => (await call('getTotals', {}, callOptions)).data,
  };
}
