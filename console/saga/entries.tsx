/** The ledger entries of a saga, which sum to zero in front of the reader once it has ended. */
import type { Saga } from '../../client/client.ts';
import { Amount } from '../parts/amount.tsx';
import { Id } from '../parts/id.tsx';
import { Time } from '../parts/time.tsx';

export function Entries({ of: { entries, entries_sum } }: { of: Pick<Saga, 'entries' | 'entries_sum'> }) {
  return (
    <>
      <h2>Ledger entries</h2>
      {entries.length === 0 ? (
        <p class="quiet">No money has moved.</p>
      ) : (
        <div class="scroll" role="region" aria-label="Ledger entries" tabIndex={0}>
          <table>
            <caption class="unseen">Ledger entries</caption>
            <thead>
              <tr>
                <th scope="col">entry</th>
                <th scope="col">at</th>
                <th scope="col">wallet</th>
                <th scope="col">shard</th>
                <th scope="col" class="number">
                  sequence
                </th>
                <th scope="col" class="number">
                  amount
                </th>
              </tr>
            </thead>
            <tbody>
              {entries.map(({ movement_id, wallet_id, kind, type, signed, currency, sequence, lane, at }) => (
                <tr key={`${wallet_id}/${movement_id}/${type}`}>
                  <td>{type.toLowerCase()}</td>
                  <td>
                    <Time of={at} finest />
                  </td>
                  <td>{kind === 'external' ? 'the outside world' : <Id of={wallet_id} to="/wallets" />}</td>
                  <td>{lane}</td>
                  <td class="number">{sequence}</td>
                  <td class="number">
                    <Amount of={signed} in={currency} />
                  </td>
                </tr>
              ))}
            </tbody>
            <tfoot>
              {entries_sum.map(({ currency, sum }) => (
                <tr key={currency}>
                  <th scope="row" colSpan={5}>
                    {/^-?0\.0+$/.test(sum) ? 'Sum: nothing was made or lost' : 'Sum: under way between the wallets'},{' '}
                    {currency}
                  </th>
                  <td class="number">
                    <Amount of={sum} in={currency} />
                  </td>
                </tr>
              ))}
            </tfoot>
          </table>
        </div>
      )}
    </>
  );
}
