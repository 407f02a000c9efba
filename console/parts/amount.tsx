/** An amount of money: exact, with its decimal point where those above and below have theirs. */
import { formatAmount } from '../format/amount.ts';

export function Amount({ of, in: currency, names = false }: { of: string; in?: string | undefined; names?: boolean }) {
  const { text, missing } = formatAmount(of, currency);
  return (
    <span class={`amount missing-${missing}`}>
      {text}
      {names && currency !== undefined ? ` ${currency}` : ''}
    </span>
  );
}
