/**
 * The parts that transfers and transactions share on the command line: their options, the wait for their end, and its exit code.
 */
import type { Command } from 'commander';
import type { CallOptions, Client, Transaction, Transfer } from '../../client/client.ts';
import { EXIT, type ExitCode } from '../../process/exit-code.ts';
import { pair, seconds } from './values.ts';

export interface MovementOptions {
  readonly currency?: string;
  readonly reference?: string;
  readonly metadata?: Record<string, string>;
  readonly key?: string;
  readonly timeout: number;
}

/** The longest wait that the API offers in one call. */
const WAIT_SECONDS_MAX = 60;

export function addMovementOptions(command: Command): Command {
  return command
    .option('--currency <code>', 'ISO 4217; otherwise that of the wallet')
    .option('--reference <text>', 'your own note')
    .option('--metadata <name=value>', 'may be given more than once', pair)
    .option('--key <key>', 'Idempotency-Key; a repeat with the same key moves nothing twice (default: a new key)')
    .option('--timeout <seconds>', 'how long to wait for the end at most', seconds(1, 86_400), 60);
}

/** Returns the currency that was given, otherwise that of the wallet that the money is taken from or put into. */
export async function currencyFor(client: Client, walletId: string, given: string | undefined): Promise<string> {
  return given ?? (await client.wallets.get(walletId)).currency;
}

/**
 * Makes a movement and waits until it has ended or waits for a person. To wait longer than one call may, it repeats the call with
 * the same key.
 */
export async function moveAndWait<Movement extends Transfer | Transaction>(
  create: (callOptions: CallOptions) => Promise<Movement>,
  { key, timeout }: Pick<MovementOptions, 'key' | 'timeout'>,
): Promise<Movement> {
  const idempotencyKey = key ?? crypto.randomUUID();
  const deadlineMs = performance.now() + timeout * 1_000;
  for (;;) {
    const secondsLeft = Math.ceil((deadlineMs - performance.now()) / 1_000);
    const waitSeconds = Math.min(Math.max(secondsLeft, 1), WAIT_SECONDS_MAX);
    const movement = await create({ idempotencyKey, waitSeconds });
    if (!isUnderWay(movement) || performance.now() >= deadlineMs) return movement;
  }
}

/** Whether a movement has neither ended nor come to rest, so that the wait goes on. A hold rests until it is captured. */
function isUnderWay(movement: Transfer | Transaction): boolean {
  if (movement.attention !== null) return false;
  const isHeld = movement.status === 'DEBITED' && movement.capture_method === 'manual';
  return movement.status === 'PENDING' || (movement.status === 'DEBITED' && !isHeld);
}

/** The exit code for a movement whose end was waited for. A hold and a scheduled transfer are as they were asked for. */
export function exitCodeOf(movement: Transfer | Transaction): ExitCode {
  const isWell = !['FAILED', 'CANCELED', 'AWAITING_APPROVAL'].includes(movement.status);
  return isWell && movement.attention === null && !isUnderWay(movement) ? EXIT.ok : EXIT.failed;
}

export function reasonOf({ failure_reason, attention }: Transfer | Transaction): string | undefined {
  return attention === null ? (failure_reason ?? undefined) : `needs attention: ${attention.reason}`;
}
