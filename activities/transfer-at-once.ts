/**
 * The whole course of a transfer that meets no obstacle, as one activity: for local dispatch, where the process of the workflow's
 * worker has every database. It consists of the same fenced operations and status writes as the single activities, so it may be
 * repeated, or be followed by any of them, wherever it stopped.
 */
import type { TraceContext } from '../domain/trace-context.ts';
import { isTerminal, type TransferEnd, type TransferTerms } from '../domain/transfer/transfer.ts';
import type { TransferActivities } from './transfer/transfer.ts';
import type { WalletActivities } from './wallet/wallet.ts';

export type TransferAtOnceActivities = ReturnType<typeof createTransferAtOnce>;

export function createTransferAtOnce({
  debit,
  credit,
  recordTransferStatus,
}: Pick<WalletActivities, 'debit' | 'credit'> & Pick<TransferActivities, 'recordTransferStatus'>) {
  return {
    /**
     * Returns the stored end; undefined if a leg was refused, or if the transfer has ever needed attention: then its workflow does
     * the rest.
     */
    async transferAtOnce({
      terms,
      trace,
      total,
      bodyHash,
    }: {
      terms: TransferTerms;
      trace: TraceContext;
      total?: string;
      bodyHash?: string;
    }): Promise<TransferEnd | undefined> {
      const { transferId } = terms;
      if ((await debit({ terms, trace, total })).outcome !== 'applied') return undefined;
      const debitedAtMs = Date.now();
      const credited = await credit({ terms, trace, total });
      // A credit of another amount was another movement's.
      if (credited.outcome !== 'applied' || credited.amount !== undefined) return undefined;
      const next = { status: 'COMPLETED' } as const;
      const completed = {
        transferId,
        next,
        trace,
        debitedAtMs,
        advance: 'open',
        ...(bodyHash === undefined ? {} : { bodyHash }),
      } as const;
      const stored = await recordTransferStatus(completed);
      return isTerminal(stored.status) ? (stored as TransferEnd) : undefined;
    },
  };
}
