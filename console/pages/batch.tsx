/** One batch: how far it is, and what became of each of its transfers; those that failed as CSV. */
import { useState } from 'preact/hooks';
import type { TransferBatchItem } from '../../client/client.ts';
import { useAnswer } from '../answer.ts';
import { ApprovalOf } from '../approval/of-transfer.tsx';
import { csvOf } from '../format/csv.ts';
import { query, withQuery, type Parameters } from '../router.ts';
import { client, noticeRefusal } from '../session.ts';
import { saveAs } from '../parts/save-as.ts';
import { Amount } from '../parts/amount.tsx';
import { Facts } from '../parts/facts.tsx';
import { Id } from '../parts/id.tsx';
import { Json } from '../parts/json.tsx';
import { Problem } from '../parts/problem.tsx';
import { Status } from '../parts/status.tsx';
import { Table } from '../parts/table.tsx';
import { Thing } from '../parts/thing.tsx';
import { Time } from '../parts/time.tsx';
import { Workflow } from '../parts/workflow.tsx';

const REFRESH_MS = 1_000;
const LIMIT = 50;
const PAGE_MAX = 200;
/** What has not moved its money. */
const FAILED: readonly string[] = ['FAILED', 'CANCELED'];

export function BatchPage({ parameters: { id = '' } }: { parameters: Parameters }) {
  const answer = useAnswer(`batch/${id}`, (asked, signal) => asked.transferBatches.get(id, { signal }), {
    refreshMs: REFRESH_MS,
    isOver: ({ status }) => status === 'COMPLETED' || status === 'CANCELED',
  });
  return (
    <Thing title="Batch" id={id} answer={answer}>
      {(batch) => {
        const { total, pending, completed, failed } = batch.counts;
        const isWaiting = batch.status === 'AWAITING_APPROVAL';
        /** Nothing of it is or ever was a transfer. */
        const isWithout = isWaiting || batch.status === 'CANCELED';
        return (
          <>
            <div class="summary">
              <span class="figure">
                {completed} of {total} completed
              </span>
              <Status of={batch.attention === null ? batch.status : 'ATTENTION'} />
              {failed > 0 ? <span class="bad">{failed} failed</span> : null}
            </div>
            {isWithout ? <ApprovalOf id={id} status={batch.status} /> : null}
            {isWithout ? null : <progress aria-label="Ended" max={total} value={total - pending} />}
            <Facts
              of={[
                [isWithout ? 'asked' : 'accepted', <Time key="" of={batch.created_at} />],
                !isWithout && ['deadline', <Time key="" of={batch.deadline_at} />],
                !isWithout && ['workflow', <Workflow key="" of={`batch/${id}`} />],
                batch.attention?.case_id !== undefined && [
                  'case',
                  <Id key="" of={batch.attention.case_id} to="/cases" />,
                ],
              ]}
            />
            {failed > 0 ? <SaveFailed batchId={id} /> : null}
            <Items batchId={id} round={`${batch.status}/${completed}/${failed}`} isWithout={isWithout} />
            <Json of={batch} />
          </>
        );
      }}
    </Thing>
  );
}

function Items({ batchId, round, isWithout }: { batchId: string; round: string; isWithout: boolean }) {
  const cursor = query.value.get('cursor') ?? undefined;
  const { data: page, error } = useAnswer(`items/${batchId}/${cursor}/${round}`, (asking, signal) =>
    asking.transferBatches.items(batchId, { limit: LIMIT, ...(cursor === undefined ? {} : { cursor }) }, { signal }),
  );
  return (
    <>
      <h2>Transfers</h2>
      {error === undefined ? null : <Problem of={error} />}
      {page === undefined ? null : (
        <Table
          caption="Transfers of the batch"
          keepsPlace
          rows={page.data}
          idOf={({ transfer_id }) => transfer_id}
          columns={[
            { name: 'row', isNumber: true, of: ({ index }: TransferBatchItem) => index + 1 },
            {
              name: 'transfer',
              of: ({ transfer_id }) => <Id of={transfer_id} hasTail {...(isWithout ? {} : { to: '/transfers' })} />,
            },
            { name: 'from', of: ({ sender_wallet_id }) => <Id of={sender_wallet_id} to="/wallets" /> },
            { name: 'to', of: ({ receiver_wallet_id }) => <Id of={receiver_wallet_id} to="/wallets" /> },
            { name: 'amount', isNumber: true, of: ({ amount, currency }) => <Amount of={amount} in={currency} /> },
            { name: 'status', of: (item) => <Status of={item.status} note={item.failure_reason} /> },
          ]}
        />
      )}
      {page === undefined || page.next_cursor === null ? null : (
        <nav class="pages" aria-label="Pages">
          <a href={withQuery({ cursor: page.next_cursor, at: undefined })} rel="next">
            Further →
          </a>
        </nav>
      )}
    </>
  );
}

function SaveFailed({ batchId }: { batchId: string }) {
  const [error, setError] = useState<unknown>(undefined);
  const save = async (): Promise<void> => {
    // The columns of a file to be sent, so that it can be mended and sent again, and what became of each row.
    const sent = ['sender_wallet_id', 'receiver_wallet_id', 'amount', 'currency', 'reference'] as const;
    const rows: (string | number)[][] = [['row', ...sent, 'transfer_id', 'status', 'failure_reason']];
    for await (const item of client.value.transferBatches.allItems(batchId, { limit: PAGE_MAX }))
      if (FAILED.includes(item.status)) {
        const asked = sent.map((name) => item[name] ?? '');
        rows.push([item.index + 1, ...asked, item.transfer_id, item.status, item.failure_reason ?? '']);
      }
    saveAs(`batch-${batchId}-failed.csv`, 'text/csv', csvOf(rows));
  };
  return (
    <div class="actions">
      <button
        type="button"
        onClick={() =>
          void save().catch((cause: unknown) => {
            noticeRefusal(cause);
            setError(cause);
          })
        }
      >
        Failed rows as CSV
      </button>
      {error === undefined ? null : <Problem of={error} />}
    </div>
  );
}
