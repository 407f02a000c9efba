/** A new batch from a CSV: read in pieces, tried without moving anything, and only then sent. */
import { useRef, useState } from 'preact/hooks';
import type { TransferBatchTrial as BatchTrial } from '../../client/client.ts';
import { BatchTrialShown } from '../batch/trial.tsx';
import { readItems, type ReadItems } from '../batch/read-items.ts';
import { at, go } from '../router.ts';
import { client, noticeRefusal } from '../session.ts';
import { sendOnce, tryOf, type Try } from '../actions/tries.ts';
import { Problem } from '../parts/problem.tsx';
import { Age } from '../parts/time.tsx';

type Stage =
  | { readonly is: 'empty' }
  | { readonly is: 'reading'; readonly share: number }
  | { readonly is: 'tried' | 'sending'; readonly tried: Tried; readonly error?: unknown }
  | { readonly is: 'failed'; readonly error: unknown };

interface Tried {
  readonly read: ReadItems;
  readonly trial: BatchTrial;
  /** The same for the same items, whatever file they are in and however often it is read: they are sent once until the API has answered. */
  readonly action: string;
  readonly last: Try;
}

async function tried(read: ReadItems): Promise<Tried> {
  const trial = await client.value.transferBatches.dryRun({ items: read.items });
  const bytes = new TextEncoder().encode(JSON.stringify(read.items));
  const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', bytes));
  const action = `createTransferBatch ${Array.from(digest, (byte) => byte.toString(16).padStart(2, '0')).join('')}`;
  return { read, trial, action, last: tryOf(action) };
}

/** The course from a file to its batch. */
function useNewBatch() {
  const [stage, setStage] = useState<Stage>({ is: 'empty' });
  /** Of two files that were chosen quickly, the later one counts. */
  const chosen = useRef(0);

  const fail = (error: unknown): void => {
    noticeRefusal(error);
    setStage({ is: 'failed', error });
  };
  const take = async (file: File | undefined): Promise<void> => {
    if (file === undefined || stage.is === 'sending') return;
    chosen.current += 1;
    const own = chosen.current;
    const show = (next: Stage): void => {
      if (own === chosen.current) setStage(next);
    };
    try {
      const read = await readItems(file, (share) => show({ is: 'reading', share }));
      show({ is: 'tried', tried: await tried(read) });
    } catch (error) {
      if (own === chosen.current) fail(error);
    }
  };
  const send = async (of: Tried): Promise<void> => {
    // A file that is still being read comes too late.
    chosen.current += 1;
    setStage({ is: 'sending', tried: of });
    const { action, last, read } = of;
    try {
      const { batch_id } = await sendOnce(action, last.key, () =>
        client.value.transferBatches.create({ items: read.items }, { idempotencyKey: last.key }),
      );
      go(at(`/batches/${batch_id}`));
    } catch (error) {
      noticeRefusal(error);
      // What became of it may not be known, so that it can be sent again, as the same one.
      setStage({ is: 'tried', tried: { ...of, last: tryOf(action) }, error });
    }
  };
  return { stage, take, send };
}

export function NewBatch() {
  const { stage, take, send } = useNewBatch();
  return (
    <>
      <header class="title">
        <h1>New batch</h1>
      </header>
      <Drop isSending={stage.is === 'sending'} onFile={(file) => void take(file)} />
      {stage.is === 'reading' ? <progress aria-label="Reading" max={1} value={stage.share} /> : null}
      {stage.is === 'failed' ? <Problem of={stage.error} /> : null}
      {stage.is === 'tried' || stage.is === 'sending' ? (
        <>
          {stage.error === undefined ? null : <Problem of={stage.error} />}
          {stage.tried.last.sentMs === undefined || stage.is === 'sending' ? null : (
            <p class="problem">
              These rows were sent from here <Age of={new Date(stage.tried.last.sentMs).toISOString()} />, and what
              became of that is not known. To send them now tries the same again: their money moves once.
            </p>
          )}
          <BatchTrialShown
            of={stage.tried.trial}
            read={stage.tried.read}
            isSending={stage.is === 'sending'}
            onSend={() => void send(stage.tried)}
          />
        </>
      ) : null}
    </>
  );
}

function Drop({ isSending, onFile }: { isSending: boolean; onFile: (file: File | undefined) => void }) {
  const [isOver, setIsOver] = useState(false);
  return (
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
        onFile(event.dataTransfer?.files[0]);
      }}
    >
      <label>
        <span>
          Drop a CSV here, with the columns sender_wallet_id, receiver_wallet_id, amount, and if you like currency and
          reference; up to 10,000 rows
        </span>
        <input
          type="file"
          accept=".csv,text/csv"
          disabled={isSending}
          onChange={(event) => onFile(event.currentTarget.files?.[0])}
        />
      </label>
    </div>
  );
}
