/**
 * Sells the tickets of a show to people of whom one has no money, one changes his mind, and one is late, while a worker is killed at
 * the worst moment; then looks whether exactly the tickets that are out were paid.
 *
 *   npm run example:ticketing, which gives it DATA_DIR
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { Client, Connection } from '@temporalio/client';
import type { Pool } from 'pg';
import { createClient } from '../../client/client.ts';
import { checkParticipant } from '../../saga/check-participant.ts';
import type { TurnedBack } from '../../saga/saga.ts';
import { createPaymentActivities } from './payments.ts';
import { TASK_QUEUE, type Sale } from './sale.ts';
import { makeDatabase, openClient, openDatabase, readStack, type Stack } from './stack.ts';
import { createTicketActivities } from './tickets.ts';
import type { sellTicket } from './workflow.ts';

const PRICE = '25.00';
const SEATS = 3;
const END_LIMIT_MS = 90_000;
const SEATS_TO_CHECK_WITH = 1_000;

/** In this order, for three seats. Frank has changed his mind before a worker runs; Carol's seat is free again for Dave. */
const BUYERS = [
  { name: 'Frank', money: '100.00', isCanceled: true },
  { name: 'Alice', money: '100.00' },
  { name: 'Bob', money: '100.00', isWorkerKilled: true },
  { name: 'Carol', money: '10.00' },
  { name: 'Dave', money: '100.00' },
  { name: 'Erin', money: '100.00' },
] as const;

interface Row {
  readonly name: string;
  readonly outcome: string;
  readonly ticket: string;
  readonly payment: string;
}

const dataDir = process.argv[2] ?? '.data';
const stack = readStack(dataDir);
const counterpoise = createClient({ baseUrl: stack.api, apiKey: stack.apiKey });
await makeDatabase(stack);
const pool = openDatabase(stack);
const connection = await Connection.connect({ address: stack.temporal.address });
const temporal = new Client({ connection, namespace: stack.temporal.namespace });
let worker: ChildProcess | undefined;
try {
  await checkParticipants(stack, pool);
  const showId = await makeShow(SEATS);
  const venueWalletId = await openWallet(`venue-of-${showId}`);
  const rows: Row[] = [];
  for (const buyer of BUYERS) {
    const buyerWalletId = await openWallet(`${buyer.name}-at-${showId}`, buyer.money);
    const sale: Sale = { saleId: randomUUID(), showId, buyerWalletId, venueWalletId, price: PRICE };
    if ('isWorkerKilled' in buyer) await endWorker();
    const handle = await temporal.workflow.start<typeof sellTicket>('sellTicket', {
      workflowId: `ticketing/${sale.saleId}`,
      taskQueue: TASK_QUEUE,
      args: [sale],
    });
    if ('isCanceled' in buyer) await handle.cancel();
    worker ??= startWorker('isWorkerKilled' in buyer ? sale.saleId : undefined);
    const ended = await withinLimit(handle.result());
    rows.push({
      name: buyer.name,
      outcome: ended.outcome === 'done' ? 'sold' : describe(ended),
      ticket: await ticketOf(sale),
      payment: await paymentOf(sale),
    });
  }
  print(rows);
  await check(rows, showId, venueWalletId);
} finally {
  await endWorker();
  await connection.close();
  await pool.end();
}

/** Both services, and the pivot by itself, before anybody relies on them. */
async function checkParticipants(of: Stack, database: Pool): Promise<void> {
  const tickets = createTicketActivities(database);
  const payments = createPaymentActivities(openClient(of));
  const showId = await makeShow(SEATS_TO_CHECK_WITH);
  const buyerWalletId = await openWallet(`buyer-at-${showId}`, '100000.00');
  const venueWalletId = await openWallet(`venue-of-${showId}`);
  const saleOf = (saleId: string): Sale => ({ saleId, showId, buyerWalletId, venueWalletId, price: PRICE });
  const count = async (statement: string, saleId: string): Promise<number> =>
    (await database.query(statement, [saleId])).rowCount ?? 0;
  const expiresAt = new Date(Date.now() + 3_600_000).toISOString();
  const past = new Date().toISOString();
  let seats = 0;
  const seatOf = new Map<string, number>();
  const seatFor = (saleId: string): { seat: number } => {
    if (!seatOf.has(saleId)) seatOf.set(saleId, (seats += 1));
    return { seat: seatOf.get(saleId)! };
  };

  const checks = {
    seats: checkParticipant({
      do: (saleId) => tickets.reserveSeat(saleOf(saleId)),
      undo: (saleId) => tickets.releaseSeat(saleOf(saleId)),
      effects: (saleId) => count('SELECT FROM seats WHERE sale_id = $1', saleId),
      doOther: (saleId) => tickets.reserveSeat({ ...saleOf(saleId), showId: 'another show' }),
      doRefused: (saleId) => tickets.reserveSeat({ ...saleOf(saleId), showId: 'no show' }),
    }),
    tickets: checkParticipant({
      do: (saleId) => tickets.issueTicket(saleOf(saleId), seatFor(saleId), expiresAt),
      undo: (saleId) => tickets.forbidTicket(saleOf(saleId)),
      effects: (saleId) => count('SELECT FROM tickets WHERE sale_id = $1', saleId),
      doOther: (saleId) => tickets.issueTicket(saleOf(saleId), { seat: 0 }, expiresAt),
      doRefused: (saleId) => tickets.issueTicket(saleOf(saleId), seatFor(saleId), past),
    }),
    payments: checkParticipant(
      {
        do: (saleId) => payments.holdPrice(saleOf(saleId)),
        undo: (saleId) => payments.cancelHold(saleOf(saleId)),
        effects: async (saleId) =>
          (await counterpoise.transfers.list({ reference: saleId, status: 'DEBITED' })).data.length,
        doOther: (saleId) => payments.holdPrice({ ...saleOf(saleId), price: '26.00' }),
      },
      { rounds: 3, atOnce: 4 },
    ),
  };
  for (const [name, checked] of Object.entries(checks)) {
    const { held, calls } = await checked;
    console.log(`checked ${name}: ${held.length} properties hold, by ${calls} calls`);
  }
}

async function makeShow(seats: number): Promise<string> {
  const showId = `show-${randomUUID()}`;
  await pool.query('INSERT INTO shows VALUES ($1)', [showId]);
  await pool.query('INSERT INTO seats SELECT $1, n FROM generate_series(1, $2::integer) n', [showId, seats]);
  return showId;
}

async function openWallet(user_id: string, money?: string): Promise<string> {
  const { wallet } = await counterpoise.wallets.open({ user_id });
  const { wallet_id } = wallet;
  if (money !== undefined)
    await counterpoise.transactions.create({ wallet_id, type: 'CREDIT', amount: money }, { waitSeconds: 30 });
  return wallet_id;
}

/** Starts a worker, and another one if it is killed. */
function startWorker(doomed?: string): ChildProcess {
  const args = [
    fileURLToPath(new URL('worker.ts', import.meta.url)),
    dataDir,
    ...(doomed === undefined ? [] : [doomed]),
  ];
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
  child.once('exit', (_, signal) => {
    if (child !== worker) return;
    console.log(`the worker was killed by ${signal}, and another one starts`);
    worker = startWorker();
  });
  return child;
}

async function endWorker(): Promise<void> {
  const ending = worker;
  worker = undefined;
  if (ending === undefined || ending.exitCode !== null || ending.signalCode !== null) return;
  const exited = once(ending, 'exit');
  ending.disconnect();
  await withinLimit(exited);
}

async function ticketOf({ saleId }: Sale): Promise<string> {
  const { rows } = await pool.query<{ seat: number }>('SELECT seat FROM tickets WHERE sale_id = $1', [saleId]);
  return rows.map(({ seat }) => `seat ${seat}`).join() || '-';
}

async function paymentOf({ saleId }: Sale): Promise<string> {
  const { data } = await counterpoise.transfers.list({ reference: saleId });
  return data.map(({ status }) => status).join() || '-';
}

function describe({ because, step, reason }: TurnedBack): string {
  return `${because} at ${step}${because === 'canceled' ? '' : ` (${reason})`}`;
}

function print(rows: readonly Row[]): void {
  const head: Row = { name: 'buyer', outcome: 'outcome', ticket: 'ticket', payment: 'payment' };
  const width = Math.max(...rows.map(({ outcome }) => outcome.length)) + 2;
  for (const { name, outcome, ticket, payment } of [head, ...rows])
    console.log(`${name.padEnd(8)}${outcome.padEnd(width)}${ticket.padEnd(9)}${payment}`);
}

async function check(rows: readonly Row[], showId: string, venueWalletId: string): Promise<void> {
  const { rows: taken } = await pool.query('SELECT FROM seats WHERE show_id = $1 AND sale_id IS NOT NULL', [showId]);
  const tickets = rows.filter(({ ticket }) => ticket !== '-').length;
  const captured = rows.filter(({ payment }) => payment === 'COMPLETED').length;
  const { balance } = await counterpoise.wallets.get(venueWalletId);
  const isRight =
    rows.every(({ ticket, payment }) => (ticket !== '-') === (payment === 'COMPLETED') && payment !== 'DEBITED') &&
    taken.length === tickets &&
    tickets === captured &&
    Number(balance) === tickets * Number(PRICE);
  console.log(
    `${tickets} tickets, ${taken.length} seats taken, ${captured} payments captured, the venue has ${balance}`,
  );
  console.log(isRight ? 'Exactly the tickets that are out were paid.' : 'WRONG: tickets and payments differ.');
  if (!isRight) process.exitCode = 1;
}

async function withinLimit<T>(result: Promise<T>): Promise<T> {
  const late = AbortSignal.timeout(END_LIMIT_MS);
  const expired = once(late, 'abort').then(() => {
    throw new Error(`not over within ${END_LIMIT_MS / 1_000} s`);
  });
  expired.catch(() => {});
  return Promise.race([result, expired]);
}
