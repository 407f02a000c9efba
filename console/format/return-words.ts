/** What is in the way of a return that waits for somebody, and what becomes of it by itself, in whole sentences. */
import { inWords } from './status.ts';

interface Waiting {
  readonly status: string;
  readonly attention: { readonly reason: string; readonly last_error: string | null };
}

/** `what` is the text of a program where a step keeps failing, and null where there is none. */
export function waitingInWords({ status, attention: { reason, last_error } }: Waiting): {
  readonly what: string | null;
  readonly next: string;
} {
  if (reason !== 'refund_refused') return { what: last_error, next: 'It goes on by itself once that works again.' };
  const code = last_error === null ? undefined : /: (\w+)$/.exec(last_error)?.[1];
  return {
    what: `The seller’s wallet cannot pay${code === undefined ? '' : `: ${inWords(code)}`}.`,
    next:
      status === 'REFUND_DUE'
        ? `It is tried no more: ${mend(code)}, and try the refund again.`
        : `It is tried again by itself; ${mend(code)}.`,
  };
}

function mend(code: string | undefined): string {
  return code === 'insufficient_funds'
    ? 'put money into the seller’s wallet'
    : 'see that the seller’s wallet is active and has the money';
}
