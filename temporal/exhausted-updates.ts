/** The refusal of a run that has taken as many updates as Temporal lets a run take, which are 2,000 by default. */
import { isGrpcServiceError, ServiceError } from '@temporalio/client';

const FAILED_PRECONDITION = 9;

/** Whether this is why an update was not taken: no repeat of it, and no other update, is taken by that run. */
export function takesNoMoreUpdates(error: unknown): boolean {
  const cause = error instanceof ServiceError ? error.cause : undefined;
  return (
    isGrpcServiceError(cause) && cause.code === FAILED_PRECONDITION && /total number of .*updates/.test(cause.details)
  );
}
