/**
 * The Temporal development server with its Web UI, as a child of the launcher: one SQLite file in
 * DATA_DIR, written ahead and synced at every commit, so that histories survive a kill -9 and a power
 * cut; everything on 127.0.0.1.
 */
import { Connection } from '@temporalio/client';
import { searchAttributes } from '../workflows/transfer/messages.ts';
import type { DataDirectory } from './data-directory.ts';
import type { ChildSpec } from './supervise.ts';

/** How long the server keeps histories of closed workflows; it keeps them a day if it is not told. */
const RETENTION_SECONDS = 90 * 24 * 3600;
const CALL_LIMIT_MS = 2_000;

const TYPES: Partial<Record<string, string>> = { KEYWORD: 'Keyword', KEYWORD_LIST: 'KeywordList', BOOL: 'Bool' };
const SEARCH_ATTRIBUTES = Object.values(searchAttributes).map(({ name, type }) => `${name}=${TYPES[type]}`);

export function temporalChild(
  cli: string,
  data: DataDirectory,
  namespace: string,
  ports: { readonly temporal: number; readonly temporalUi: number; readonly api: number },
  isEncrypted: boolean,
): ChildSpec {
  return {
    name: 'temporal',
    command: cli,
    args: [
      'server',
      'start-dev',
      `--db-filename=${data.temporalFile}`,
      '--ip=127.0.0.1',
      `--port=${ports.temporal}`,
      `--ui-port=${ports.temporalUi}`,
      `--namespace=${namespace}`,
      '--sqlite-pragma=journal_mode=wal',
      '--sqlite-pragma=synchronous=2',
      // How often a second, at most, its one history shard looks for tasks to hand out. At the default of 20, each activity and
      // each workflow task would wait some 40 ms before a worker is given it.
      '--dynamic-config-value=history.transferProcessorMaxPollRPS=1000',
      // The search attributes are made with the server and not only by the migration, so that it need not read them anew from its
      // database whenever a workflow starts or writes one, as it does by default.
      ...SEARCH_ATTRIBUTES.map((attribute) => `--search-attribute=${attribute}`),
      '--dynamic-config-value=system.forceSearchAttributesCacheRefreshOnRead=false',
      // It has no second node to tell before it goes: without this setting it takes 3.5 s to stop, with it 2 s.
      '--dynamic-config-value=matching.shutdownDrainDuration="0s"',
      '--log-level=warn',
      // Where the Web UI has payloads decrypted.
      ...(isEncrypted ? [`--ui-codec-endpoint=http://127.0.0.1:${ports.api}/v1/payloads`] : []),
    ],
    logFile: data.logFile('temporal'),
    stopSignal: 'SIGTERM',
  };
}

/** Throws unless the server answers for its namespace; makes it keep histories long enough. */
export async function connectOnce(address: string, namespace: string): Promise<void> {
  const connection = await Connection.connect({ address, connectTimeout: CALL_LIMIT_MS });
  try {
    await connection.withDeadline(Date.now() + CALL_LIMIT_MS, async () => {
      const { config } = await connection.workflowService.describeNamespace({ namespace });
      const retention = Number(config?.workflowExecutionRetentionTtl?.seconds ?? 0);
      if (retention >= RETENTION_SECONDS) return;
      await connection.workflowService.updateNamespace({
        namespace,
        config: { workflowExecutionRetentionTtl: { seconds: RETENTION_SECONDS as never } },
      });
    });
  } finally {
    await connection.close();
  }
}
