/**
 * `counterpoise batch`: the transfers of a CSV file in one call, with a progress bar until the last of them has ended. The
 * transfers of a file are made once, however often it is sent, unless the user says otherwise; those that failed can be had as a
 * file of their own.
 */
import { hash } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { Option, type Command } from 'commander';
import { CounterpoiseError, type Client, type TransferBatch, type TransferBatchItem } from '../../client/client.ts';
import { showProgress, silentProgress } from '../../dev/progress.ts';
import { decodeCsv, readBatchRows, renderBatchRows, type BatchRow } from './batch-csv.ts';
import { EXIT } from '../../process/exit-code.ts';
import { CommandError, type EndCommand } from './exit-code.ts';
import { fields, status, table } from './output.ts';
import { openSession } from './session.ts';

const POLL_MS = 300;
const BAR_WIDTH = 30;
/** Further failures are counted and not listed. */
const FAILURES_SHOWN = 20;

export function addBatchCommand(program: Command, end: EndCommand): void {
  program
    .command('batch <csv>')
    .description(
      'make the transfers of a CSV file: sender_wallet_id, receiver_wallet_id, amount and, optionally, currency, reference',
    )
    .option(
      '--key <key>',
      'Idempotency-Key; the default is derived from the content of the file, so that a repeat moves nothing twice',
    )
    .addOption(
      new Option(
        '--again',
        'send the whole file once more, although the same file was sent before; refused if a part of it failed: see --failed',
      ).conflicts('key'),
    )
    .addOption(
      new Option(
        '--failed <csv>',
        'write the rows that failed into this new file, to be corrected and sent; also for a file that was sent before',
      ).conflicts('wait'),
    )
    .option('--no-wait', 'return as soon as the batch is accepted')
    .action(async (file: string, { key, again, failed: rest, wait }: BatchOptions, command: Command) => {
      const bytes = read(file);
      const rows = readBatchRows(decodeCsv(bytes, file), file);
      if (rest !== undefined && existsSync(rest)) throw new CommandError(`${rest} is there already: name another file`);
      const { client, print, isJson } = openSession(command);
      const send = (idempotencyKey: string) => create(client, rows, file, idempotencyKey);
      const { accepted, isReplayed } = again ? await sendAgain(send, bytes, file) : await send(key ?? keyOf(bytes));
      const batch = wait ? await follow(client, accepted, isJson) : accepted;
      if (batch.status === 'AWAITING_APPROVAL') process.stderr.write(`${waits(batch)}\n`);
      if (isReplayed) process.stderr.write(`${sentBefore(batch, key)}\n`);
      const failed = batch.counts.failed === 0 ? [] : await failuresOf(client, batch.batch_id);
      if (batch.counts.failed > 0 || (wait && batch.status !== 'COMPLETED')) end(EXIT.failed);
      print({ ...batch, failed_items: failed, was_sent_before: isReplayed }, () => describeBatch(batch, failed, rows));
      if (rest !== undefined) process.stderr.write(`${writeFailed(rest, failed, rows, batch)}\n`);
      else if (isInPart(batch)) process.stderr.write(`${SEND_THE_REST}\n`);
    });
}

interface BatchOptions {
  readonly key?: string;
  readonly again?: boolean;
  readonly failed?: string;
  readonly wait: boolean;
}

/** The same bytes have the same key, whatever the file's name and whenever it is sent. */
function keyOf(bytes: Buffer): string {
  return `csv-sha256-${hash('sha256', bytes, 'hex')}`;
}

const SEND_THE_REST =
  'What has arrived is not to be moved twice: --failed <csv> writes the rows that failed into a file, and that one is to be sent.';

/** Whether to send all of it once more would move twice what has arrived, or may have by the time that it is. */
function isInPart({ counts }: TransferBatch): boolean {
  return counts.failed > 0 && counts.completed > 0;
}

/**
 * Sends the file with a new key, unless the batch of its own key is under way or has failed in part: then it throws. A file that was
 * never sent is sent by its own key.
 */
async function sendAgain(send: (key: string) => ReturnType<typeof create>, bytes: Buffer, file: string) {
  const before = await send(keyOf(bytes));
  if (!before.isReplayed) return before;
  const { batch_id, counts } = before.accepted;
  if (counts.pending > 0)
    throw new CommandError(
      `${file} was sent before, as batch ${batch_id}, which is under way: --again once it has ended`,
    );
  if (isInPart(before.accepted))
    throw new CommandError(
      `${file} was sent before, as batch ${batch_id}: ${counts.completed} of its rows have arrived, and --again would move them twice. ` +
        `Nothing was moved now. Send the ${counts.failed} that failed: --failed <csv> in place of --again writes them into a file. ` +
        'To move all of it once more nevertheless, give it a key of its own: --key <key>',
    );
  const key = crypto.randomUUID();
  // Printed before anything is sent: whatever is lost on the way, a repeat with this key moves nothing twice.
  process.stderr.write(`To repeat this safely: --key ${key}\n`);
  return send(key);
}

function waits({ batch_id }: TransferBatch): string {
  return `A policy demands approvals: nothing moves before they are given. See: counterpoise approvals show ${batch_id}`;
}

function sentBefore(batch: TransferBatch, key: string | undefined): string {
  const what = key === undefined ? 'This file was sent before' : `The key ${key} was sent before, with this file`;
  const more = key !== undefined || isInPart(batch) || batch.counts.pending > 0 ? '' : ' To move it once more: --again';
  return `${what}, as batch ${batch.batch_id} of ${batch.created_at}: nothing is moved again, and this is what became of it.${more}`;
}

/** Writes the rows that failed into a new file, if there are any, and returns a sentence about it. */
function writeFailed(
  path: string,
  failed: readonly TransferBatchItem[],
  rows: readonly BatchRow[],
  { status: state }: TransferBatch,
): string {
  if (failed.length === 0) {
    const what = state === 'AWAITING_APPROVAL' ? 'No row was tried yet' : 'No row failed';
    return `${what}, so ${path} was not written.`;
  }
  try {
    writeFileSync(path, renderBatchRows(failed.map(({ index }) => rows[index]!.item)), { flag: 'wx' });
  } catch (error) {
    throw new CommandError(`${path} cannot be written: ${(error as Error).message}`);
  }
  const what = failed.length === 1 ? 'The row that failed is' : `The ${failed.length} rows that failed are`;
  return `${what} in ${path}: correct and send that file, and not this one once more.`;
}

function read(file: string): Buffer {
  try {
    return readFileSync(file);
  } catch (error) {
    throw new CommandError(`${file} cannot be read: ${(error as Error).message}`);
  }
}

/** Sends the batch. An error shows the line of the file in place of the pointer to a wrong item. */
async function create(
  client: Client,
  rows: readonly BatchRow[],
  file: string,
  idempotencyKey: string,
): Promise<{ accepted: TransferBatch; isReplayed: boolean }> {
  let isReplayed = false;
  const onReplayed = (): void => {
    isReplayed = true;
  };
  try {
    const items = rows.map(({ item }) => item);
    const accepted = await client.transferBatches.create({ items }, { idempotencyKey, onReplayed });
    return { accepted, isReplayed };
  } catch (error) {
    const faults = error instanceof CounterpoiseError ? (error.problem?.errors ?? []) : [];
    const told = faults.flatMap(({ pointer = '', detail, code }) => {
      const [, index, field = 'the item'] = /^\/items\/(\d+)(?:\/(.*))?$/.exec(pointer) ?? [];
      return index === undefined ? [] : [`\n  line ${rows[Number(index)]?.line}, ${field}: ${detail} (${code})`];
    });
    if (told.length === 0) throw error;
    throw new CommandError(`${file} was refused, and nothing of it was done:${told.join('')}`);
  }
}

async function follow(client: Client, accepted: TransferBatch, isJson: boolean): Promise<TransferBatch> {
  const step = (isJson ? silentProgress : showProgress(process.stderr)).begin(`Batch ${accepted.batch_id}`);
  try {
    let batch = accepted;
    while (batch.status === 'PROCESSING' && batch.attention === null) {
      step.update(bar(batch));
      await sleep(POLL_MS);
      batch = await client.transferBatches.get(accepted.batch_id);
    }
    step.done(bar(batch));
    return batch;
  } catch (error) {
    step.fail();
    throw error;
  }
}

function bar({ counts: { total, pending } }: TransferBatch): string {
  const share = total === 0 ? 1 : (total - pending) / total;
  const filled = Math.floor(share * BAR_WIDTH);
  return `${'█'.repeat(filled)}${'░'.repeat(BAR_WIDTH - filled)} ${total - pending} of ${total}`;
}

async function failuresOf(client: Client, batchId: string): Promise<TransferBatchItem[]> {
  const failed: TransferBatchItem[] = [];
  for await (const item of client.transferBatches.allItems(batchId, { limit: 200 })) {
    if (item.status === 'FAILED' || item.status === 'CANCELED') failed.push(item);
  }
  return failed;
}

function describeBatch(
  { batch_id, status: state, counts }: TransferBatch,
  failed: readonly TransferBatchItem[],
  rows: readonly BatchRow[],
): string {
  const summary = fields({
    batch: batch_id,
    status: status(state),
    completed: String(counts.completed),
    failed: String(counts.failed),
    pending: counts.pending === 0 ? undefined : String(counts.pending),
  });
  if (failed.length === 0) return summary;
  const shown = failed.slice(0, FAILURES_SHOWN);
  const more = failed.length - shown.length;
  return [
    summary,
    '',
    table(
      [' LINE', 'TRANSFER', 'REASON'],
      shown.map((item) => [String(rows[item.index]?.line ?? ''), item.transfer_id, item.failure_reason ?? '']),
    ),
    ...(more === 0 ? [] : [`and ${more} more`]),
  ].join('\n');
}
