/**
 * DATA_DIR/stack.json: the description of a running stack, for the audit, the seed, the tests and other tools. It holds
 * administrator passwords, hence mode 0600. It is replaced whole, so a reader never sees half of it. It is there from before the
 * first service starts until the stack has stopped, and stays if the launcher is killed. Whether the stack is ready, GET
 * /health/ready tells.
 */
import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { NoStackError } from './stack-error.ts';

const stackFileSchema = z.object({
  api: z.url(),
  /** Only where the wallet API is a process of its own. */
  wallet_api: z.url().optional(),
  /** The internal listeners, where services run apart; INTERNAL_KEYS are in `internal-keys` beside this file. */
  internal: z.object({ transfer: z.url(), wallet: z.url() }).optional(),
  /** Where each service process serves its metrics, by the names of the processes. */
  metrics: z.record(z.string(), z.url()).optional(),
  temporal: z.object({
    address: z.string(),
    /** Absent where TEMPORAL_ADDRESS names a server that is not ours. */
    ui: z.url().optional(),
    namespace: z.string(),
    /** Where the keys of its payloads are, if they are encrypted: the setting PAYLOAD_KEYS_FILE. */
    payload_keys_file: z.string().optional(),
  }),
  /** Administrator URLs: wallet-0, wallet-1, transfer, events, those of orders (order, inventory, delivery, accounting), and access. */
  databases: z.record(z.string(), z.url()),
  /**
   * The processes that run now, by name: launcher, postgres, temporal, and the services: app, which holds all of them, or each
   * apart (api, wallet-api, worker-wallet-0 …, worker-transfer, worker-order …, worker-events). In the demo, launcher and app are
   * the same process.
   */
  processes: z.record(z.string(), z.int().positive()),
});

export type StackFile = z.infer<typeof stackFileSchema>;

/** Reads the description of the stack that runs on this data directory. Throws a NoStackError if there is none. */
export function readStackFile(dataDir: string): StackFile {
  const path = stackFilePath(dataDir);
  if (!existsSync(path)) {
    throw new NoStackError(`No stack runs on ${dataDir} (there is no stack.json). Start one with npm start.`);
  }
  return stackFileSchema.parse(JSON.parse(readFileSync(path, 'utf8')));
}

export function writeStackFile(dataDir: string, stack: StackFile): void {
  replaceFile(stackFilePath(dataDir), stack);
}

/** What a client of the stack's Temporal server is told. */
export function temporalSettings({ address, namespace, payload_keys_file: keysFile }: StackFile['temporal']) {
  return {
    TEMPORAL_ADDRESS: address,
    TEMPORAL_NAMESPACE: namespace,
    ...(keysFile === undefined ? {} : { PAYLOAD_KEYS_FILE: keysFile }),
  };
}

export function stackFilePath(dataDir: string): string {
  return join(dataDir, 'stack.json');
}

/** Writes JSON that only its owner may read, all of it or nothing, even if killed meanwhile. */
export function replaceFile(path: string, content: unknown): void {
  replaceText(path, `${JSON.stringify(content, null, 2)}\n`);
}

/** As `replaceFile`, with a text. */
export function replaceText(path: string, text: string): void {
  const next = `${path}.next`;
  writeFileSync(next, text, { mode: 0o600 });
  renameSync(next, path);
}
