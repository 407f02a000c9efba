/**
 * How failures are written where payloads are encrypted: message and stack trace go into a payload, which the codec encrypts. Types
 * of failures stay plain: they are codes. Workers load it inside the workflow sandbox and outside.
 */
import { DefaultFailureConverter } from '@temporalio/common';

/** The SDK finds it by this name. @public */
export const failureConverter = new DefaultFailureConverter({ encodeCommonAttributes: true });
