/**
 * The normalised body of a recurring transfer: what its Idempotency-Key stands for, and what the hash in its row is taken
 * of. As in movement-body.ts, what goes into it, and in which form, must not change. Not for workflows: it hashes.
 */
import { bodyHash } from '../derived-id.ts';
import type { RecurringTerms } from './recurring.ts';

/**
 * SHA-256 in hex. Instants count to the millisecond, as they are kept. That a missing day is the last one goes without saying, as
 * it does in a request: so the body of before there was a choice still is the same body.
 */
export function recurringBodyHash(terms: RecurringTerms): string {
  const { senderWalletId, receiverWalletId, amount, currency, reference, metadata } = terms;
  const { everySeconds, timeZone, startsAt, endsAt } = terms;
  const { missing_day: missingDay, ...said } = terms.calendar ?? {};
  const calendar = terms.calendar && (missingDay === 'skip' ? terms.calendar : said);
  return bodyHash({
    senderWalletId,
    receiverWalletId,
    amount,
    currency,
    reference,
    metadata,
    everySeconds,
    calendar,
    timeZone,
    startsAt: startsAt?.toISOString() ?? null,
    endsAt: endsAt?.toISOString() ?? null,
  });
}
