/**
 * The normalized body of a recurring transfer: its Idempotency-Key stands for this body, and the hash in its row is taken of it. As
 * in movement-body.ts, what goes into it, and in which form, must not change. Not for workflows: derived-id.ts hashes with a Node
 * built-in.
 */
import { bodyHash } from '../derived-id.ts';
import type { RecurringTerms } from './recurring.ts';

/**
 * SHA-256 in hex. Instants count to the millisecond, as they are stored. A `missing_day` of `last`, which requests need not say
 * either, is left out: so a body from before there was a choice keeps its hash.
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
