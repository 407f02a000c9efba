/** `counterpoise keys` and `counterpoise principals`: who may do what. */
import { setTimeout as sleep } from 'node:timers/promises';
import { Option, type Command } from 'commander';
import type { ApiKey, ApiKeyWithSecret, BodyOf, Principal } from '../../client/client.ts';
import { replaceRootKey } from '../../dev/api-key-file.ts';
import { NoStackError } from '../../dev/stack-error.ts';
import { readStackFile } from '../../dev/stack-file.ts';
import {
  KEY_LEASE_MARGIN_MS,
  KEY_LEASE_MS,
  KEY_SECONDS_MAX,
  OVERLAP_SECONDS_MAX,
  PRINCIPAL_KINDS,
  type PrincipalKind,
} from '../../domain/access/api-key.ts';
import { ALL_SCOPES } from '../../domain/access/scopes.ts';
import { readSettings } from '../../process/config.ts';
import { installRootKey } from '../install-keys.ts';
import { fields, listedTable, status } from './output.ts';
import { openSession } from './session.ts';
import { given, LIMIT_HELP, listed, LISTED_DEFAULT, seconds, typeList, whole } from './values.ts';

interface CreateOptions {
  readonly scopes: string[];
  readonly expiresIn?: number;
  readonly cidrs?: string[];
  readonly perSecond?: number;
  readonly burst?: number;
  readonly principal?: string;
}

const EXPIRES_IN_HELP = 'how long it is valid (default: 90 days)';

export function addKeyCommands(program: Command): void {
  const keys = program.command('keys').description('make, rotate and revoke API keys');
  addMakingCommands(keys);
  addEndingCommands(keys);
  addPrincipalCommands(program);
}

function addMakingCommands(keys: Command): void {
  keys
    .command('create <name>')
    .description('make a key; its secret is shown this once')
    .requiredOption('--scopes <scopes>', `what it may do, separated by commas: ${ALL_SCOPES.join(', ')}`, typeList)
    .option('--expires-in <seconds>', EXPIRES_IN_HELP, seconds(60, KEY_SECONDS_MAX))
    .option('--cidrs <networks>', 'from where it is accepted, separated by commas, such as 10.1.0.0/16', typeList)
    .option('--per-second <count>', 'how many requests a second', whole('a whole number', 1, 100_000))
    .option('--burst <count>', 'how many at once after a rest', whole('a whole number', 1, 1_000_000))
    .option('--principal <principal-id>', 'whose key it is (default: of the principal that asks)')
    .action(async (name: string, options: CreateOptions, command: Command) => {
      const { client, print } = openSession(command);
      const { scopes, expiresIn: expires_in, cidrs, perSecond: per_second, burst, principal: principal_id } = options;
      const body = {
        name,
        scopes: scopes as BodyOf<'createApiKey'>['scopes'],
        ...given({ expires_in, cidrs, per_second, burst, principal_id }),
      };
      const made = await client.apiKeys.create(body);
      print(made, () => describeMade(made, made.awaits_approval_id));
    });

  keys
    .command('list')
    .description('list the keys, newest first')
    .option('--limit <count>', LIMIT_HELP, listed, LISTED_DEFAULT)
    .action(async ({ limit }: { limit: number }, command: Command) => {
      const { client, print } = openSession(command);
      const { data, next_cursor } = await client.apiKeys.list({ limit });
      const row = (key: ApiKey) => [
        key.api_key_id,
        status(key.status),
        `${key.hint}…`,
        key.expires_at ?? 'never',
        key.name,
      ];
      print(data, () => listedTable(next_cursor, ['KEY', 'STATUS', 'HINT', 'EXPIRES', 'NAME'], data.map(row)));
    });

  keys
    .command('show <key-id>')
    .description('show a key, without its secret')
    .action(async (id: string, _options: object, command: Command) => {
      const { client, print } = openSession(command);
      const key = await client.apiKeys.get(id);
      print(key, () => describeKey(key));
    });
}

function addEndingCommands(keys: Command): void {
  keys
    .command('rotate <key-id>')
    .description('make another key with the same rights; its secret is shown this once')
    .option(
      '--overlap <seconds>',
      'for how long the former one stays valid (default: a day)',
      seconds(0, OVERLAP_SECONDS_MAX),
    )
    .option('--expires-in <seconds>', EXPIRES_IN_HELP, seconds(60, KEY_SECONDS_MAX))
    .action(async (id: string, options: { overlap?: number; expiresIn?: number }, command: Command) => {
      const { client, print } = openSession(command);
      const { overlap, expiresIn: expires_in } = options;
      const made = await client.apiKeys.rotate(id, given({ overlap, expires_in }));
      print(made, () => describeMade(made));
    });

  keys
    .command('revoke <key-id>')
    .description('have a key refused from now on')
    .action(async (id: string, _options: object, command: Command) => {
      const { client, print } = openSession(command);
      const revoked = await client.apiKeys.revoke(id);
      print(revoked, () => describeKey(revoked));
    });

  keys
    .command('reset-root')
    .description('put a new root key into DATA_DIR, for the stack there; the former one is refused')
    .action(async (_options: object, command: Command) => {
      const { print } = openSession(command);
      const { DATA_DIR } = readSettings();
      const isInstalled = await resetRoot(DATA_DIR);
      const files = { api_key: `${DATA_DIR}/api-key`, auth_header: `${DATA_DIR}/auth-header` };
      print({ ...files, installed: isInstalled }, () =>
        fields({
          key: files.api_key,
          'for curl -H': `@${files.auth_header}`,
          valid: isInstalled ? 'now; the former one is not' : 'once the stack is started',
        }),
      );
    });
}

/**
 * Writes the file first: if this ends in between, the next start or the next reset installs the key that is there. Returns whether
 * it is installed, which needs a stack that runs.
 */
async function resetRoot(dataDir: string): Promise<boolean> {
  const secret = replaceRootKey(dataDir);
  let adminUrl: string | undefined;
  try {
    adminUrl = readStackFile(dataDir).databases['access'];
  } catch (error) {
    if (!(error instanceof NoStackError)) throw error;
  }
  if (adminUrl === undefined) return false;
  await installRootKey(adminUrl, secret);
  await sleep(KEY_LEASE_MS + KEY_LEASE_MARGIN_MS);
  return true;
}

function addPrincipalCommands(program: Command): void {
  const principals = program.command('principals').description('the people and services that keys belong to');
  principals
    .command('create <name>')
    .description('make a principal')
    .addOption(new Option('--kind <kind>', 'a person or a service').choices(PRINCIPAL_KINDS).default('service'))
    .action(async (name: string, { kind }: { kind: PrincipalKind }, command: Command) => {
      const { client, print } = openSession(command);
      const made = await client.principals.create({ name, kind });
      print(made, () => fields({ principal: made.principal_id, kind: made.kind, name: made.name }));
    });
  principals
    .command('list')
    .description('list the principals, newest first')
    .option('--limit <count>', LIMIT_HELP, listed, LISTED_DEFAULT)
    .action(async ({ limit }: { limit: number }, command: Command) => {
      const { client, print } = openSession(command);
      const { data, next_cursor } = await client.principals.list({ limit });
      const row = (each: Principal) => [each.principal_id, each.kind, each.name];
      print(data, () => listedTable(next_cursor, ['PRINCIPAL', 'KIND', 'NAME'], data.map(row)));
    });
}

/** `grantId` is the approval until which votes by it do not count. */
export function describeMade(key: ApiKeyWithSecret, grantId: string | null = null): string {
  const shown = {
    secret: key.secret ?? 'shown before: rotate the key, or revoke it',
    votes: grantId && `count once others have approved ${grantId}`,
  };
  return `${describeKey(key)}\n${fields(shown)}`;
}

function describeKey(key: ApiKey): string {
  return fields({
    key: key.api_key_id,
    name: key.name,
    status: status(key.status),
    principal: key.principal_id,
    scopes: key.scopes.join(', '),
    networks: key.cidrs?.join(', '),
    rate: key.per_second === null ? null : `${key.per_second} a second, ${key.burst} at once`,
    expires: key.expires_at,
    'rotated to': key.rotated_to,
    created: key.created_at,
  });
}
