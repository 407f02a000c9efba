/**
 * The news of one kind of movement, or of orders, within one process: each write is told to the waits for that movement. Where API and workers share a
 * process, this spares each wait a long poll of Temporal and a read. It promises nothing: writes of other processes are not heard
 * of here, so a wait looks at the row besides.
 */
export interface MovementNotifier<Row> {
  /** Tells the row of the movement with this workflow id, as it is stored now. */
  readonly tell: (workflowId: string, row: Row) => void;
  /** Resolves with the first row from now on that `isAwaited` accepts; never, if the signal aborts first. */
  readonly next: (workflowId: string, isAwaited: (row: Row) => boolean, signal: AbortSignal) => Promise<Row>;
}

export function createMovementNotifier<Row>(): MovementNotifier<Row> {
  const listeners = new Map<string, Set<(row: Row) => void>>();
  return {
    tell(workflowId, row) {
      for (const listen of listeners.get(workflowId) ?? []) listen(row);
    },
    next(workflowId, isAwaited, signal) {
      return new Promise((resolve) => {
        if (signal.aborted) return;
        const those = listeners.get(workflowId) ?? new Set();
        const listen = (row: Row): void => {
          if (isAwaited(row)) resolve(row);
        };
        listeners.set(workflowId, those.add(listen));
        signal.addEventListener('abort', () => {
          those.delete(listen);
          if (those.size === 0 && listeners.get(workflowId) === those) listeners.delete(workflowId);
        });
      });
    },
  };
}
