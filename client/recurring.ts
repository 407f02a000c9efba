/** The calls about recurring transfers. */
import type { BodyOf, Calls, QueryOf } from './call.ts';
import type { CallOptions } from './transport.ts';

export function recurringCalls({ call, listing }: Calls) {
  return {
    create: (body: BodyOf<'createRecurringTransfer'>, callOptions?: CallOptions) =>
      call('createRecurringTransfer', { body }, callOptions),
    get: (recurring_transfer_id: string, callOptions?: CallOptions) =>
      call('getRecurringTransfer', { path: { recurring_transfer_id } }, callOptions),
    ...listing('listRecurringTransfers'),
    /** Its transfers, newest first. */
    runs: (
      recurring_transfer_id: string,
      query: QueryOf<'listRecurringTransferRuns'> = {},
      callOptions?: CallOptions,
    ) => call('listRecurringTransferRuns', { path: { recurring_transfer_id }, query }, callOptions),
    /** The runs that were missed and not caught up. */
    skippedRuns: (recurring_transfer_id: string, query: QueryOf<'listSkippedRuns'> = {}, callOptions?: CallOptions) =>
      call('listSkippedRuns', { path: { recurring_transfer_id }, query }, callOptions),
    delete: (recurring_transfer_id: string, callOptions?: CallOptions) =>
      call('deleteRecurringTransfer', { path: { recurring_transfer_id } }, callOptions),
    pause: (recurring_transfer_id: string, callOptions?: CallOptions) =>
      call('pauseRecurringTransfer', { path: { recurring_transfer_id } }, callOptions),
    resume: (recurring_transfer_id: string, callOptions?: CallOptions) =>
      call('resumeRecurringTransfer', { path: { recurring_transfer_id } }, callOptions),
    /** Runs it now, once per key. */
    trigger: (recurring_transfer_id: string, callOptions?: CallOptions) =>
      call('triggerRecurringTransfer', { path: { recurring_transfer_id } }, callOptions),
  };
}
