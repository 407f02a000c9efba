// A transfer that cannot finish by itself: it was debited and is given up, while nobody can ask what became of its credit.

import { randomUUID } from 'node:crypto';
import pg from 'pg';
import { transferId } from '../../domain/derived-id.ts';
import { shardPlace, type Money } from '../stack/money.ts';
import { until, type TestStack } from '../stack/stack.ts';

const LIMIT_MS = 60_000;

export interface Stuck {
  readonly transferId: string;
  readonly caseId: string;
  readonly sender: string;
  /** Lets the credit be asked for; it never was. */
  readonly release: () => Promise<void>;
}

/** The stack's build needs attention soon. */
export async function makeStuck(stack: TestStack, money: Money, amount: string): Promise<Stuck> {
  const [sender, receiver] = [await money.wallet(0, '5000'), await money.wallet(1)];
  const key = randomUUID();
  const id = transferId(key);
  const holder = new pg.Client({ connectionString: stack.file().databases[shardPlace(receiver)]! });
  // The stack may be stopped before the release.
  holder.on('error', () => {});
  await holder.connect();
  await holder.query('BEGIN');
  await holder.query(`SELECT credit($1, $2, 'USD', $3, 'a test', NULL)`, [id, receiver, amount]);
  await money.api.transfer(sender, receiver, amount, { 'idempotency-key': key, prefer: 'wait=0' });
  const path = `/v1/transfers/${id}`;
  await until(LIMIT_MS, 'it is not debited', async () => (await money.api.balance(sender)) !== '5000.0000');
  await money.api.post(`${path}/cancel`, undefined, { prefer: 'wait=0' });
  let caseId = '';
  await until(LIMIT_MS, 'it needs no attention', async () => {
    const { attention } = (await money.api.get<{ attention: { case_id: string } | null }>(path)).body;
    caseId = attention?.case_id ?? '';
    return caseId !== '';
  });
  return {
    transferId: id,
    caseId,
    sender,
    async release() {
      await holder.query('ROLLBACK');
      await holder.end();
    },
  };
}
