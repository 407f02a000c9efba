/**
 * The story of a violation's subject, from every place that knows of it: requests and answers, the row and its steps, entries,
 * fences, the workflow's history, and the log. If a place does not answer, the story says so.
 */
import { createReadStream } from 'node:fs';
import { createInterface } from 'node:readline';
import type { Book, Entry } from './book.ts';
import { ORDER_CHAPTERS } from './order-story.ts';
import { told } from './sightings.ts';
import type { Stack } from './stack.ts';

const LINES_MAX = 40;
const LINE_LENGTH_MAX = 400;

export async function tellStory(stack: Stack, book: Book, id: string): Promise<string> {
  const entry = book.entries().find(({ id: own, moves }) => own === id || moves.some((move) => move.id === id));
  const batchId = entry?.names === 'batch' ? entry.id : undefined;
  const kind = book.moveOf(id)?.movement ?? (entry?.id === id ? entry.names : 'transfer');
  const workflowId = batchId === undefined ? `${kind}/${id}` : `batch/${batchId}`;
  const chapters: [string, () => Promise<string[]>][] = [
    ['asked and told', async () => tellBook(book, entry, id)],
    [
      'row',
      () =>
        rows(
          stack,
          'transfer',
          "SELECT to_jsonb(t) - 'body_hash' AS row FROM (SELECT * FROM transfers WHERE transfer_id = $1) t " +
            "UNION ALL SELECT to_jsonb(t) - 'body_hash' FROM (SELECT * FROM transactions WHERE transaction_id = $1) t",
          id,
        ),
    ],
    [
      'steps',
      () =>
        rows(
          stack,
          'transfer',
          "SELECT to_jsonb(s) - 'transfer_id' AS row FROM transfer_steps s WHERE transfer_id = $1 ORDER BY step_id",
          id,
        ),
    ],
    ...chaptersOfOrders(stack, id),
    ...(['wallet-0', 'wallet-1'] as const).flatMap((place): [string, () => Promise<string[]>][] => [
      [
        `wallet of ${place}`,
        () => rows(stack, place, 'SELECT to_jsonb(w) AS row FROM wallets w WHERE wallet_id = $1', id),
      ],
      [
        `its newest entries in ${place}`,
        () =>
          rows(
            stack,
            place,
            'SELECT to_jsonb(e) AS row FROM ledger_entries e WHERE wallet_id = $1 ORDER BY sequence DESC LIMIT 10',
            id,
          ),
      ],
      [
        `entries in ${place}`,
        () =>
          rows(
            stack,
            place,
            "SELECT to_jsonb(e) - 'transaction_id' AS row FROM ledger_entries e WHERE transaction_id = $1 ORDER BY created_at",
            id,
          ),
      ],
      [
        `fences in ${place}`,
        () =>
          rows(
            stack,
            place,
            "SELECT to_jsonb(f) - 'transaction_id' AS row FROM operation_fences f WHERE transaction_id = $1 ORDER BY created_at",
            id,
          ),
      ],
    ]),
    [`history of ${workflowId}`, () => tellHistories(stack, workflowId, id)],
    ['log', () => logLines(stack.logFile, id)],
  ];
  const told = await Promise.all(
    chapters.map(async ([title, read]) => {
      const lines = await read().catch((error: unknown) => [`(cannot be read: ${String(error).split('\n')[0]})`]);
      return lines.length === 0 ? [] : [`  ${title}`, ...lines.map((line) => `    ${line.slice(0, LINE_LENGTH_MAX)}`)];
    }),
  );
  return [`Story of ${id}`, ...told.flat()].join('\n');
}

function chaptersOfOrders(stack: Stack, id: string): [string, () => Promise<string[]>][] {
  return ORDER_CHAPTERS.map(([title, place, statement]) => [title, () => rows(stack, place, statement, id)]);
}

function tellBook(book: Book, entry: Entry | undefined, id: string): string[] {
  if (entry === undefined) return ['nobody asked for it'];
  const move = book.moveOf(id);
  const latest = book.sightings.latest(id);
  return [
    `${entry.kind} by key ${entry.key}: ${entry.told} after ${entry.requests} requests${entry.refusal === undefined ? '' : `, last refused as ${entry.refusal}`}`,
    ...(move === undefined
      ? []
      : [
          `${move.amount ?? 'all that is left'} ${move.currency} from ${move.from ?? 'outside'} to ${move.to ?? 'outside'}`,
        ]),
    ...(latest === undefined ? [] : [`seen last as ${told(latest)}`]),
  ];
}

async function rows(
  stack: Stack,
  place: Parameters<Stack['rows']>[0],
  statement: string,
  id: string,
): Promise<string[]> {
  const found = await stack.rows<{ row: Record<string, unknown> }>(place, statement, [id]);
  return found.map(({ row }) =>
    Object.entries(row)
      .filter(([, value]) => value !== null)
      .map(([name, value]) => `${name}=${typeof value === 'string' ? value : JSON.stringify(value)}`)
      .join(' '),
  );
}

/** Attributes that an event may have; each event has some of them. */
interface Attributes {
  readonly activityType?: { readonly name?: string };
  /** A Long. */
  readonly scheduledEventId?: unknown;
  readonly attempt?: number;
  readonly failure?: { readonly message?: string };
  readonly updateId?: string;
}

/** Its own history, if it has one, and that of the group that it was accepted in. */
async function tellHistories(stack: Stack, workflowId: string, id: string): Promise<string[]> {
  const [row] = await stack.rows<{ group_id: string | null }>(
    'transfer',
    'SELECT group_id FROM transfers WHERE transfer_id = $1',
    [id],
  );
  if (row === undefined || row.group_id === null) return tellHistory(stack, workflowId);
  const [own, ofGroup] = await Promise.all(
    [workflowId, `group/${row.group_id}`].map((each) =>
      tellHistory(stack, each).catch((error: unknown) => [`(cannot be read: ${String(error).split('\n')[0]})`]),
    ),
  );
  return [...own!, `that of group/${row.group_id}`, ...ofGroup!];
}

/** A line an event; what says nothing about the movement is left out. */
async function tellHistory(stack: Stack, workflowId: string): Promise<string[]> {
  const { events } = await stack.temporal.workflow.getHandle(workflowId).fetchHistory();
  return (events ?? []).flatMap((event) => {
    const [name, attributes] =
      Object.entries(event).find(([key, value]) => key.endsWith('EventAttributes') && value) ?? [];
    if (name === undefined || name.startsWith('workflowTask')) return [];
    const { activityType, scheduledEventId, attempt, failure, updateId } = attributes as Attributes;
    const ms = Number(event.eventTime?.seconds ?? 0) * 1_000 + (event.eventTime?.nanos ?? 0) / 1e6;
    const detail = [
      activityType?.name,
      scheduledEventId && `of event ${Number(scheduledEventId)}`,
      attempt && `attempt ${attempt}`,
      updateId && `update ${updateId}`,
      failure?.message,
    ].filter(Boolean);
    return [
      `${Number(event.eventId)} ${new Date(ms).toISOString().slice(11, 23)} ${name.replace('EventAttributes', '')} ${detail.join(', ')}`,
    ];
  });
}

/** The last lines of the log that name the id. */
async function logLines(file: string, id: string): Promise<string[]> {
  const found: string[] = [];
  for await (const line of createInterface({ input: createReadStream(file) })) {
    if (!line.includes(id)) continue;
    found.push(line);
    if (found.length > LINES_MAX) found.shift();
  }
  return found;
}
