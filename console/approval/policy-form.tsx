/** The terms of a policy; what is not valid is left to the API to refuse. */
import { useState } from 'preact/hooks';
import type { Terms } from '../actions/policy.ts';

const HOUR_SECONDS = 3_600;
const FIELDS = [
  ['currency', 'Currency', 'text'],
  ['above', 'Above', 'decimal'],
  ['above_24h', 'Above in 24 h', 'decimal'],
  ['approvals', 'Approvals', 'numeric'],
  ['hours', 'Hours that it waits', 'numeric'],
] as const;
type Field = (typeof FIELDS)[number][0];

export function PolicyForm({ onSet }: { onSet: (currency: string, terms: Terms) => void }) {
  const [written, setWritten] = useState<Readonly<Record<Field, string>>>({
    currency: 'USD',
    above: '',
    above_24h: '',
    approvals: '1',
    hours: '72',
  });
  const submit = (event: SubmitEvent): void => {
    event.preventDefault();
    const { currency, above, above_24h, approvals, hours } = written;
    onSet(currency.trim().toUpperCase(), {
      ...(above === '' ? {} : { above: above.trim().replaceAll(',', '') }),
      ...(above_24h === '' ? {} : { above_24h: above_24h.trim().replaceAll(',', '') }),
      approvals: Number(approvals),
      expires_in: Math.round(Number(hours) * HOUR_SECONDS),
    });
  };
  const isReady = written.above !== '' || written.above_24h !== '';
  return (
    <form class="filters" aria-label="Terms of a policy" onSubmit={submit}>
      {FIELDS.map(([name, label, inputMode]) => (
        <label key={name}>
          <span>{label}</span>
          <input
            name={name}
            inputMode={inputMode}
            autocomplete="off"
            required={name !== 'above' && name !== 'above_24h'}
            value={written[name]}
            onInput={({ currentTarget }) => setWritten({ ...written, [name]: currentTarget.value })}
          />
        </label>
      ))}
      <button type="submit" disabled={!isReady}>
        Set it …
      </button>
    </form>
  );
}
