/**
 * `counterpoise batch`: the transfers of a CSV file in one call, with a progress bar until the last of them has ended. The
 * transfers of a file are made once, however often it is sent, unless the user says otherwise.
 */
import { hash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { Option, type Command } from 'commander';
import { CounterpoiseError, type Client, type TransferBatch, type TransferBatchItem } from '../../client/client.ts';
import { showProgress, silentProgress } from '../../dev/progress.ts';
import { decodeCsv, readBatchRows, type BatchRow } from './batch-csv.ts';
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
      'transfers from a CSV file: sender_wallet_id, receiver_wallet_id, amount and, if you like, currency, reference',
    )
    .option(
      '--key <key>',
      'Idempotency-Key; otherwise one of the content of the file, so that a repeat moves nothing twice',
    )
    .addOption(new Option('--again', 'moves it once more, although the same file was sent before').conflicts('key'))
    .option('--no-wait', 'return when the batch is accepted')
    .action(async (file: string, { key, again, wait }: BatchOptions, command: Command) => {
      const bytes = read(file);
      const rows = readBatchRows(decodeCsv(bytes, file), file);
      const { client, print, isJson } = openSession(command);
      const idempotencyKey = key ?? (again ? crypto.randomUUID() : keyOf(bytes));
      // Printed before anything is sent: whatever is lost on the way, a repeat with this key moves nothing twice.
      if (again) process.stderr.write(`To repeat this safely: --key ${idempotencyKey}\n`);
      const { accepted, isReplayed } = await create(client, rows, file, idempotencyKey);
      if (isReplayed) process.stderr.write(sentBefore(accepted, key));
      const batch = wait ? await follow(client, accepted, isJson) : accepted;
      const failed = batch.counts.failed === 0 ? [] : await failuresOf(client, batch.batch_id);
      if (batch.counts.failed > 0 || (wait && batch.status !== 'COMPLETED')) end(EXIT.failed);
      print({ ...batch, failed_items: failed, was_sent_before: isReplayed }, () => describeBatch(batch, failed, rows));
    });
}

interface BatchOptions {
  readonly key?: string;
  readonly again?: boolean;
  readonly wait: boolean;
}

/** The same bytes have the same key, whatever the file's name and whenever it is sent. */
function keyOf(bytes: Buffer): string {
  return `csv-sha256-${hash('sha256', bytes, 'hex')}`;
}

function sentBefore({ batch_id, created_at }: TransferBatch, key: string | undefined): string {
  const [what, more] =
    key === undefined
      ? ['This file was sent before', ' To move it once more: --again']
      : [`The key ${key} was sent before, with this file`, ''];
  return `${what}, as batch ${batch_id} of ${created_at}: nothing is moved again, and this is what became of it.${more}\n`;
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
    while (batch.status !== 'COMPLETED' && batch.attention === null) {
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
