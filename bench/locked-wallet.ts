/**
 * Counterpoise while somebody holds one wallet locked, as by `SELECT … FOR UPDATE` in psql, and transfers wait for it. Measures the
 * transfers between all other wallets.
 */
import pg from 'pg';
import { counterpoise, transferRequests } from './counterpoise.ts';
import type { BenchStack } from './bench-stack.ts';
import type { BenchGround } from './ground.ts';
import type { SubjectKind } from './subject.ts';
import { pairsAmong, pairsFromOne } from './wallets.ts';

/** The transfers that wait: six times as many as the shard's pool has connections. */
const WAITING = 60;

export function whileOneIsLocked(
  stack: BenchStack,
  { wallets, administrators }: BenchGround,
  { id, name }: Pick<SubjectKind, 'id' | 'name'>,
): SubjectKind {
  const [locked, , ...others] = wallets;
  let release = async (): Promise<void> => {};
  return counterpoise(stack, {
    id,
    name,
    dispatch: 'local',
    nextPair: pairsAmong(others),
    async afterOpen({ api }) {
      const unlock = await lockWallet(Object.values(administrators), locked!);
      const requests = transferRequests(api, pairsFromOne([locked!, ...others]));
      const ended = Promise.allSettled(Array.from({ length: WAITING }, requests.transfer));
      release = async () => {
        await unlock();
        await ended;
        await requests.close();
      };
    },
    beforeClose: () => release(),
  });
}

/** Locks the wallet in the database that has it; returns the function that releases it. */
async function lockWallet(databases: readonly string[], walletId: string): Promise<() => Promise<void>> {
  for (const connectionString of databases) {
    const holder = new pg.Client({ connectionString });
    await holder.connect();
    const has = await holder.query(`SELECT to_regclass('wallets') AS wallets`);
    if ((has.rows as { wallets: unknown }[])[0]!.wallets !== null) {
      await holder.query('BEGIN');
      const { rowCount } = await holder.query('SELECT FROM wallets WHERE wallet_id = $1 FOR UPDATE', [walletId]);
      if (rowCount === 1) return () => holder.end();
    }
    await holder.end();
  }
  throw new Error(`no database has the wallet ${walletId}`);
}
