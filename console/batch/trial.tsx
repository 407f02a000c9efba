/** What the API says of a batch before anything moves: its totals, and every faulty row. */
import type { TransferBatchTrial as BatchTrial } from '../../client/client.ts';
import { csvOf } from '../format/csv.ts';
import { Amount } from '../parts/amount.tsx';
import { saveAs } from '../parts/save-as.ts';
import { Table } from '../parts/table.tsx';
import type { ReadItems } from './read-items.ts';

interface TrialProps {
  readonly of: BatchTrial;
  readonly read: ReadItems;
  readonly isSending: boolean;
  readonly onSend: () => void;
}

/** As the page of a batch counts them: from 1, without the header and empty lines. */
const rowOf = (index: number): number => index + 1;

export function BatchTrialShown({ of: trial, read, isSending, onSend }: TrialProps) {
  const { counts, totals, faults, is_acceptable, is_cut } = trial;
  const saveFaults = (): void => {
    const rows = faults.map(({ index, faults: own }) => {
      const { sender_wallet_id, receiver_wallet_id, amount, currency = '', reference = '' } = read.items[index]!;
      const details = own.map(({ code, detail }) => `${code}: ${detail}`).join(' ');
      return [rowOf(index), sender_wallet_id, receiver_wallet_id, amount, currency, reference, details];
    });
    const names = ['row', 'sender_wallet_id', 'receiver_wallet_id', 'amount', 'currency', 'reference', 'fault'];
    saveAs(`${read.name.replace(/\.csv$/i, '')}-faulty.csv`, 'text/csv', csvOf([names, ...rows]));
  };
  return (
    <>
      <h2>
        {is_acceptable
          ? `All ${counts.total} rows can be sent`
          : `${counts.faulty} of ${counts.total} rows are faulty: nothing can be sent`}
      </h2>
      <p class="quiet">This was a trial: nothing was stored, and nothing has moved.</p>
      <Table
        caption="Totals by currency"
        rows={totals}
        idOf={({ currency }) => currency}
        columns={[
          { name: 'currency', of: ({ currency }) => currency },
          { name: 'transfers', isNumber: true, of: ({ items }) => items },
          { name: 'amount', isNumber: true, of: ({ amount, currency }) => <Amount of={amount} in={currency} /> },
        ]}
      />
      {faults.length === 0 ? null : (
        <>
          <h3>Faulty rows{is_cut ? ', the first of them' : ''}</h3>
          <Table
            caption="Faulty rows"
            rows={faults.slice(0, 100)}
            idOf={({ index }) => String(index)}
            columns={[
              { name: 'row', isNumber: true, of: ({ index }) => rowOf(index) },
              {
                name: 'field',
                of: ({ faults: own }) => own.map(({ pointer }) => pointer.split('/').at(-1)).join(', '),
              },
              { name: 'fault', of: ({ faults: own }) => own.map(({ detail }) => detail).join(' ') },
            ]}
          />
        </>
      )}
      <div class="actions">
        {faults.length === 0 ? null : (
          <button type="button" onClick={saveFaults}>
            Faulty rows as CSV
          </button>
        )}
        <button type="submit" disabled={!is_acceptable || isSending} onClick={onSend}>
          {isSending ? 'Sending …' : `Send ${counts.total} transfers`}
        </button>
      </div>
    </>
  );
}
