/** The error of a call, for every failure but the caller's own abort. */
import type { Problem } from './wire.ts';

/**
 * `code` is what a program should look at. It is the stable code of the answer's problem details (`wallet_not_found`,
 * `idempotency_key_reused` …) or, without any, `unreachable` (no answer), `timeout` (none within the time of a try) or
 * `unexpected_answer` (something answered that is not this API).
 *
 * After `unreachable`, `timeout`, and a status of 429, 502, 503 or 504 it is not known whether the call took effect: repeat it with
 * the same `idempotencyKey`.
 */
export class CounterpoiseError extends Error {
  override readonly name = 'CounterpoiseError';
  readonly code: string;
  /** The HTTP status; undefined if there was no answer. */
  readonly status: number | undefined;
  /** The answer's RFC 9457 problem details. */
  readonly problem: Problem | undefined;
  /** The key that was sent, with which to repeat the call; undefined if the operation takes none. */
  readonly idempotencyKey: string | undefined;
  /** The number of tries. */
  readonly attempts: number;

  constructor(
    message: string,
    details: {
      readonly code: string;
      readonly status?: number | undefined;
      readonly problem?: Problem | undefined;
      readonly idempotencyKey?: string | undefined;
      readonly attempts: number;
      readonly cause?: unknown;
    },
  ) {
    super(message, { cause: details.cause });
    this.code = details.code;
    this.status = details.status;
    this.problem = details.problem;
    this.idempotencyKey = details.idempotencyKey;
    this.attempts = details.attempts;
  }
}
