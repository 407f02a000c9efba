/**
 * One run of a recurring transfer, started by the Temporal Schedule: it accepts a transfer, and ends. The transfer is an ordinary
 * one with a workflow of its own, so no run is in the way of the next.
 */
import { ApplicationFailure, defineSearchAttributeKey, SearchAttributeType } from '@temporalio/common';
import { proxyActivities, workflowInfo } from '@temporalio/workflow';
import type { RecurringActivities, RunAnswer } from '../../activities/transfer/recurring.ts';
import type { RecurringInput } from './messages.ts';

const { acceptRecurringRun } = proxyActivities<RecurringActivities>({
  startToCloseTimeout: '10 seconds',
  retry: { initialInterval: '200 milliseconds', maximumInterval: '10 seconds' },
});

/** The time at which the run was due, also if the run is made up for later. */
const scheduledStartTime = defineSearchAttributeKey('TemporalScheduledStartTime', SearchAttributeType.DATETIME);

/**
 * Ends Completed whether the run was due or not. However often Temporal starts the run of one nominal time, there is one transfer:
 * its id is derived from that time.
 */
export async function recurringTransfer(input: RecurringInput): Promise<RunAnswer> {
  const nominalAt = workflowInfo().typedSearchAttributes.get(scheduledStartTime);
  if (nominalAt === undefined) throw ApplicationFailure.nonRetryable('only its Schedule may start a run');
  return acceptRecurringRun({ ...input, nominalMs: nominalAt.getTime() });
}
