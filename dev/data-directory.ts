/**
 * DATA_DIR: the directory of everything that a stack keeps. One launcher at a time holds it. The children of a
 * killed launcher end by themselves unless they are frozen; any that are left are ended before anything new is
 * started on the same data.
 *
 *   launcher.lock   held by the kernel while the launcher lives
 *   settings.json   passwords and ports, drawn at the first start (0600)
 *   webhook-keys    the key that seals the secrets of webhook endpoints, drawn at the first start (0600)
 *   api-key         the root key of the API (0600), and auth-header, with it as a header for `curl -H @…`
 *   service-keys/   the keys by which services call the APIs (0600)
 *   internal-keys   the key by which services that run apart know each other, drawn at the first start (0600)
 *   processes.json  the processes that run, with start times, to find survivors (0600)
 *   stack.json      for other tools: stack-file.ts
 *   postgres/  temporal/  logs/
 */
import { randomBytes } from 'node:crypto';
import { existsSync, readFileSync, rmSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { keepApiKeys, type ApiKeyFiles } from './api-key-file.ts';
import { tryLock } from './lock.ts';
import { makeDirectory } from './make-directory.ts';
import { endProcess, isRunning, recordOf, type ProcessRecord } from './processes.ts';
import { reasonOf, StackError, UsageError } from './stack-error.ts';
import { replaceFile, replaceText, stackFilePath } from './stack-file.ts';

export interface DataDirectory {
  readonly path: string;
  readonly postgresDir: string;
  readonly temporalFile: string;
  readonly logFile: (name: string) => string;
  readonly passwords: Readonly<Record<Role, string>>;
  readonly webhookKeysFile: string;
  readonly apiKeyFiles: ApiKeyFiles;
  readonly internalKeysFile: string;
  readonly lastPorts: Readonly<Record<string, number>>;
  readonly keepPorts: (ports: Readonly<Record<string, number>>) => void;
  readonly recordProcesses: (running: Readonly<Record<string, ProcessRecord>>) => void;
  /** Ends the processes that a killed launcher left running here; returns their names. */
  readonly endSurvivors: () => Promise<string[]>;
  readonly release: () => void;
}

const ROLES = [
  'postgres',
  'wallet_service',
  'transfer_service',
  'events_service',
  'order_service',
  'inventory_service',
  'delivery_service',
  'accounting_service',
  'access_service',
] as const;
export type Role = (typeof ROLES)[number];

interface Settings<Passwords = Record<Role, string>> {
  passwords: Passwords;
  ports: Record<string, number>;
}

type Processes = Record<string, ProcessRecord>;

const SURVIVOR_GRACE_MS = 3_000;

/**
 * Takes the directory, which is made if it is missing. Throws a UsageError if it cannot be used, and a StackError if another
 * launcher has it.
 */
export function openDataDirectory(directory: string): DataDirectory {
  const path = resolve(directory);
  const processesFile = join(path, 'processes.json');
  const release = takeLock(path, processesFile);
  const settingsFile = join(path, 'settings.json');
  const settings = withPasswords(readJson<Settings<Partial<Record<Role, string>>>>(settingsFile) ?? newSettings(path));
  replaceFile(settingsFile, settings);

  const recordProcesses = (running: Processes): void =>
    replaceFile(processesFile, { launcher: recordOf(process.pid), ...running });
  return {
    path,
    postgresDir: join(path, 'postgres'),
    temporalFile: join(path, 'temporal', 'temporal.db'),
    logFile: (name) => join(path, 'logs', `${name}.log`),
    passwords: settings.passwords,
    webhookKeysFile: keptKeys(path, 'webhook-keys'),
    internalKeysFile: keptKeys(path, 'internal-keys'),
    apiKeyFiles: keepApiKeys(path),
    lastPorts: settings.ports,
    keepPorts: (ports) => replaceFile(settingsFile, { ...settings, ports }),
    recordProcesses,
    async endSurvivors() {
      const { launcher: _, ...left } = readJson<Processes>(processesFile) ?? {};
      recordProcesses(left); // under this launcher's pid; if it is killed too, the next one finds them again
      const survivors = Object.entries(left).filter(([, record]) => isRunning(record));
      const end = ([name, record]: [string, ProcessRecord]): Promise<void> =>
        name === 'postgres'
          ? endProcess(record, 'SIGINT', SURVIVOR_GRACE_MS, 'SIGQUIT')
          : endProcess(record, 'SIGTERM', SURVIVOR_GRACE_MS);
      const isServer = ([name]: [string, ProcessRecord]): boolean => name === 'postgres' || name === 'temporal';
      await Promise.all(survivors.filter((survivor) => !isServer(survivor)).map(end));
      await Promise.all(survivors.filter(isServer).map(end));
      recordProcesses({});
      rmSync(stackFilePath(path), { force: true });
      return survivors.map(([name]) => name);
    },
    release: () => {
      rmSync(stackFilePath(path), { force: true });
      rmSync(processesFile, { force: true });
      release();
    },
  };
}

function takeLock(path: string, processesFile: string): () => void {
  let release: (() => void) | undefined;
  try {
    makeDirectory(path);
    for (const name of ['temporal', 'logs']) makeDirectory(join(path, name), 0o700);
    release = tryLock(join(path, 'launcher.lock'));
  } catch (error) {
    throw new UsageError(`DATA_DIR is wrong: ${path} cannot be used: ${reasonOf(error)}`, { cause: error });
  }
  if (release) return release;
  const launcher = readJson<Processes>(processesFile)?.['launcher'];
  const api = readJson<{ api: string }>(stackFilePath(path))?.api;
  throw new StackError(
    `A stack already runs on ${path}: launcher pid ${launcher?.pid ?? 'unknown'}, ` +
      `${api ? `API ${api}` : 'still starting'}. Stop it first, or set DATA_DIR to another directory for a second one.`,
  );
}

function newSettings(path: string): Settings<Partial<Record<Role, string>>> {
  if (existsSync(join(path, 'postgres'))) {
    throw new StackError(
      `${path} holds a database but no settings.json, where its passwords were. ` +
        'Restore that file, or set DATA_DIR to another directory to begin anew.',
    );
  }
  return { passwords: {}, ports: {} };
}

/** Draws the passwords of roles that have none yet: all of them at first, and those of services that a new version brings. */
function withPasswords(settings: Settings<Partial<Record<Role, string>>>): Settings {
  const drawn = ROLES.map((role) => [role, settings.passwords[role] ?? randomBytes(24).toString('hex')]);
  return { ...settings, passwords: Object.fromEntries(drawn) as Record<Role, string> };
}

/** The file of WEBHOOK_KEYS or INTERNAL_KEYS. An operator who rotates the key puts a new line before those that are there. */
function keptKeys(path: string, name: string): string {
  const file = join(path, name);
  if (!existsSync(file)) replaceText(file, `first:${randomBytes(32).toString('base64')}\n`);
  return file;
}

function readJson<Content>(file: string): Content | undefined {
  return existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as Content) : undefined;
}
