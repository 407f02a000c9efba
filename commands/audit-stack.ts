/**
 * An audit of a stack that is named by its addresses: opens what it needs, looks, and closes it. Imported by commands.
 */
import { audit, type AuditReport } from '../audit/audit.ts';
import { lookUpWorkflows } from '../audit/workflows.ts';
import type { Settings } from '../config.ts';
import { closeDatabases, openDatabase } from '../db/database.ts';
import { connectClient, createClient } from '../temporal/connection.ts';

export interface AuditTarget {
  /** In the order of the shards. */
  readonly walletUrls: readonly string[];
  readonly transferUrl: string;
  /** Name the Temporal server. */
  readonly settings: Settings;
}

/** Statements scan whole tables. */
const QUERY_TIMEOUT_MS = 30 * 60_000;

export async function auditStack({ walletUrls, transferUrl, settings }: AuditTarget): Promise<AuditReport> {
  const [transfer, ...wallets] = [transferUrl, ...walletUrls].map((url) =>
    openDatabase(url, { applicationName: 'counterpoise-audit', connectionsMax: 2, queryTimeoutMs: QUERY_TIMEOUT_MS }),
  );
  const connection = connectClient(settings);
  try {
    return await audit({ wallets, transfer: transfer! }, lookUpWorkflows(createClient(connection, settings)));
  } finally {
    await connection.close();
    await closeDatabases([transfer!, ...wallets]);
  }
}

/** The databases of a stack as stack.json names them. */
export function auditedUrls(
  databases: Readonly<Record<string, string>>,
): Pick<AuditTarget, 'walletUrls' | 'transferUrl'> {
  const shards = Object.keys(databases).filter((name) => name.startsWith('wallet-')).length;
  return {
    walletUrls: Array.from({ length: shards }, (_, shard) => databases[`wallet-${shard}`]!),
    transferUrl: databases['transfer']!,
  };
}
