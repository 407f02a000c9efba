/**
 * The ledger of the wallet service (domain/ledger.ts) for a transfer worker that runs apart: it calls the wallet API, which has the
 * shards. A call that fails is a fault of the activity, which Temporal repeats.
 */
import type { Ledger } from '../../domain/ledger.ts';
import type { Moved } from '../../domain/transfer/settlement.ts';
import type { AskInternal } from '../ask-internal.ts';

const ANSWER_LIMIT_MS = 10_000;

type Answer<Name extends keyof Ledger> = Ledger[Name] extends (...input: never[]) => Promise<infer Result>
  ? Result
  : never;

export function ledgerAt(askWalletApi: AskInternal, shardCount: number): Ledger {
  const ask = async <Result>(question: object): Promise<Result> => {
    const { status, body } = await askWalletApi('/internal/ledger', ANSWER_LIMIT_MS, question);
    if (status !== 200) throw new Error(`the wallet API answered ${status}`);
    return body as Result;
  };
  return {
    shardCount,
    clock: async (shard) => (await ask<{ atMs: number }>({ operation: 'clock', shard })).atMs,
    watermark: (shard, known) => ask<Answer<'watermark'>>({ operation: 'watermark', shard, known }),
    fences: (page) => ask<Answer<'fences'>>({ operation: 'fences', ...page }),
    entries: (page) => ask<Answer<'entries'>>({ operation: 'entries', ...page }),
    wallets: (slice) => ask<Answer<'wallets'>>({ operation: 'wallets', ...slice }),
    totals: (shard) => ask<Answer<'totals'>>({ operation: 'totals', shard }),
    movements: async (ids) => new Map(await ask<[string, Moved][]>({ operation: 'movements', ids })),
    async walletProblem(walletId) {
      const { problem } = await ask<{ problem: string | null }>({ operation: 'walletProblem', walletId });
      return problem ?? undefined;
    },
  };
}
