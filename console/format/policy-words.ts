/** Which transfers a policy has wait for a second person, and why one waits, in words. */
import { inCurrency } from './amount.ts';
import { formatDuration } from './time.ts';

interface Policy {
  readonly currency: string;
  readonly above: string | null;
  readonly above_24h: string | null;
  readonly approvals: number;
  readonly expires_in: number;
}

export function policyInWords({ currency, above, above_24h, approvals, expires_in }: Policy): string {
  const bounds = [
    ...(above === null ? [] : [`a transfer of more than ${inCurrency(above, currency)}`]),
    ...(above_24h === null
      ? []
      : [`one by which its sender has sent more than ${inCurrency(above_24h, currency)} within 24 hours`]),
  ];
  return `${sentence(bounds.join(', and '))} ${bounds.length > 1 ? 'need' : 'needs'} ${personsOf(approvals)} more. It waits for up to ${formatDuration(expires_in * 1_000)}.`;
}

function sentence(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

/** `one person`, `2 people`. */
export function personsOf(count: number): string {
  return count === 1 ? 'one person' : `${count} people`;
}

interface Judged {
  readonly kind: string;
  readonly reason: 'above' | 'above_24h' | 'always';
}

/** In a table, as the cause. */
export function reasonInWords({ kind, reason }: Judged): string {
  switch (reason) {
    case 'above':
      return 'its amount';
    case 'above_24h':
      return 'the sum of 24 hours';
    case 'always':
      return ALWAYS[kind] ?? 'an amount not known yet';
  }
}

/** The beginning of a sentence. */
export function whyInWords(judged: Judged): string {
  const words = reasonInWords(judged);
  const isOfKind = judged.reason === 'always' && ALWAYS[judged.kind] !== undefined;
  return isOfKind ? `${sentence(words)} needs a second person` : `Because of ${words}`;
}

/** What waits whatever its amount, as long as there is a policy. */
const ALWAYS: Readonly<Record<string, string>> = {
  policy: 'any change of a policy',
  grant: 'any grant of votes',
};
