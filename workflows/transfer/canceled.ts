/**
 * A transfer that was canceled before it was created: whoever asked to create it does not know whether the request arrived, and wants
 * to be sure that nothing moves, however late it does. The request finds the row, and the fences of both legs are closed.
 *
 *   PENDING ──▶ cancel the credit ──▶ cancel the debit ──▶ CANCELED
 *
 * The fences may know more than the row, if that was lost and accepted again: then what they say is adopted, as by every course.
 */
import { CancellationScope } from '@temporalio/workflow';
import type { TransferEnd } from '../../domain/transfer/transfer.ts';
import { beginCourse } from './course.ts';
import type { TransferInput } from './messages.ts';

/** Ends as `directTransfer` does. A request to cancel it is taken, and one to capture it refused. */
export async function canceledTransfer(input: TransferInput): Promise<TransferEnd> {
  const course = beginCourse(input);
  course.scope.cancel();
  course.requests.phase = 'leaving';
  course.end = await CancellationScope.nonCancellable(() =>
    course.compensation.compensate('canceled', course.creditAmount),
  );
  return course.conclude(course.end);
}
