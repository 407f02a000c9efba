/** The history that a workflow leaves in Temporal. */
import { Client, Connection } from '@temporalio/client';
import { readSettings } from '../process/config.ts';
import { dataConverterOf } from '../temporal/data-converter.ts';
import type { Ground } from './subject.ts';

export interface History {
  readonly events: number;
  readonly bytes: number;
}

const ENDED_LIMIT_MS = 60_000;

/** Waits for the workflow's end, at most a minute. */
export async function historyOf({ address, namespace }: Ground['temporal'], workflowId: string): Promise<History> {
  const connection = await Connection.connect({ address });
  try {
    const handle = new Client({
      connection,
      namespace,
      dataConverter: dataConverterOf(readSettings()),
    }).workflow.getHandle(workflowId);
    return await connection.withDeadline(Date.now() + ENDED_LIMIT_MS, async () => {
      await handle.result();
      const { historyLength, historySize } = await handle.describe();
      return { events: historyLength, bytes: historySize ?? Number.NaN };
    });
  } finally {
    await connection.close();
  }
}
