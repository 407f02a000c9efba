/** A new batch from a CSV: read in pieces, tried without moving anything, and only then sent. */
import { useState } from 'preact/hooks';
import type { TransferBatchTrial as BatchTrial } from '../../client/client.ts';
import { BatchTrialShown } from '../batch/trial.tsx';
import { readItems, type ReadItems } from '../batch/read-items.ts';
import { at, go } from '../router.ts';
import { client, noticeRefusal } from '../session.ts';
import { Problem } from '../parts/problem.tsx';

type Stage =
  | { readonly is: 'empty' }
  | { readonly is: 'reading'; readonly share: number }
  | { readonly is: 'tried'; readonly read: ReadItems; readonly trial: BatchTrial }
  | { readonly is: 'sending'; readonly read: ReadItems; readonly trial: BatchTrial }
  | { readonly is: 'failed'; readonly error: unknown };

export function NewBatch() {
  const [stage, setStage] = useState<Stage>({ is: 'empty' });
  const [isOver, setIsOver] = useState(false);
  // One for each file: however often it is sent, its money moves once.
  const [key, setKey] = useState('');

  const fail = (error: unknown): void => {
    noticeRefusal(error);
    setStage({ is: 'failed', error });
  };
  const take = async (file: File | undefined): Promise<void> => {
    if (file === undefined) return;
    setKey(crypto.randomUUID());
    try {
      const read = await readItems(file, (share) => setStage({ is: 'reading', share }));
      setStage({ is: 'tried', read, trial: await client.value.transferBatches.dryRun({ items: read.items }) });
    } catch (error) {
      fail(error);
    }
  };
  const send = async (read: ReadItems, trial: BatchTrial): Promise<void> => {
    setStage({ is: 'sending', read, trial });
    try {
      const { batch_id } = await client.value.transferBatches.create({ items: read.items }, { idempotencyKey: key });
      go(at(`/batches/${batch_id}`));
    } catch (error) {
      fail(error);
    }
  };

  return (
    <>
      <header class="title">
        <h1>New batch</h1>
      </header>
      <div
        class={isOver ? 'drop over' : 'drop'}
        onDragOver={(event) => {
          event.preventDefault();
          setIsOver(true);
        }}
        onDragLeave={() => setIsOver(false)}
        onDrop={(event) => {
          event.preventDefault();
          setIsOver(false);
          void take(event.dataTransfer?.files[0]);
        }}
      >
        <label>
          <span>
            Drop a CSV here, with the columns sender_wallet_id, receiver_wallet_id, amount, and if you like currency and
            reference; up to 10,000 rows
          </span>
          <input type="file" accept=".csv,text/csv" onChange={(event) => void take(event.currentTarget.files?.[0])} />
        </label>
      </div>
      {stage.is === 'reading' ? <progress aria-label="Reading" max={1} value={stage.share} /> : null}
      {stage.is === 'failed' ? <Problem of={stage.error} /> : null}
      {stage.is === 'tried' || stage.is === 'sending' ? (
        <BatchTrialShown
          of={stage.trial}
          read={stage.read}
          isSending={stage.is === 'sending'}
          onSend={() => void send(stage.read, stage.trial)}
        />
      ) : null}
    </>
  );
}
