/** The summary that `npm start` prints last: where everything is, and what to type next. */
import { join } from 'node:path';
import type { StackFile } from './stack-file.ts';

export interface SummarizedStack extends Omit<StackFile, 'processes'> {
  readonly dataDir: string;
  /** Whether commands that are typed without DATA_DIR find this stack. */
  readonly isOnUsualDataDir: boolean;
  readonly tookMs: number;
  /** Where the console is: a link that signs in once, if one could be had. */
  readonly consoleUrl: string;
}

export function summarize(stack: SummarizedStack): string {
  const { api, wallet_api: walletApi, metrics = {}, temporal, databases, dataDir, isOnUsualDataDir, tookMs } = stack;
  const { consoleUrl } = stack;
  const wallets = Object.keys(databases).filter((name) => name.startsWith('wallet-')).length;
  const places = [
    ['API', api],
    ...(walletApi === undefined ? [] : [['Wallet API', walletApi]]),
    ['Console', consoleUrl.includes('#') ? `${consoleUrl} (signs in once, within 15 minutes)` : consoleUrl],
    ['Reference', `${api}/docs`],
    temporal.ui === undefined ? ['Temporal', temporal.address] : ['Web UI', `${temporal.ui} (Temporal)`],
    [
      'PostgreSQL',
      `${new URL(databases['transfer']!).host}, ${Object.keys(databases).length} databases, ${wallets} of wallets (URLs in stack.json)`,
    ],
    ...metricsPlace(Object.values(metrics)),
    ['Key', `${join(dataDir, 'api-key')} (auth-header beside it, for curl -H @…)`],
    ['Data', dataDir],
  ];
  const setting = isOnUsualDataDir ? '' : `DATA_DIR=${quoted(dataDir)} `;
  return [
    '',
    `Counterpoise is ready after ${(tookMs / 1_000).toFixed(1)} s.`,
    '',
    ...places.map(([name, value]) => `  ${name!.padEnd(11)} ${value}`),
    '',
    'Type next, in a second terminal, in this directory:',
    '',
    '  for sample wallets and transfers, and a list of them:',
    // No comments behind the commands: zsh does not take them for comments.
    `    ${setting}npm run seed`,
    `    ${setting}npx counterpoise transfer list`,
    '  for a wallet of your own:',
    `    curl ${api}/v1/wallets ${keyOption(isOnUsualDataDir ? '.data' : dataDir)} -H 'Content-Type: application/json' -d '{"user_id": "alice"}'`,
    '',
    'Ctrl-C stops everything; the data stays.',
    '',
  ].join('\n');
}

function metricsPlace([first, ...others]: readonly string[]): string[][] {
  if (first === undefined) return [];
  return [['Metrics', others.length === 0 ? first : `${first}, and ${others.length} more (in stack.json)`]];
}

/** The option of curl that sends the root key of the stack in this data directory. */
export function keyOption(dataDir: string): string {
  return `-H @${quoted(join(dataDir, 'auth-header'))}`;
}

/** Quotes a path for a shell. */
export function quoted(path: string): string {
  return /^[\w./-]+$/.test(path) ? path : `'${path.replaceAll("'", String.raw`'\''`)}'`;
}
