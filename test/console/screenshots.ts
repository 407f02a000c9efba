// `npm run draw:console -- [data directory]`: the pictures of docs/console, of a stack that runs. Its ids are looked up by the API.

import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { createClient } from '../../client/client.ts';
import { readApiKey } from '../../dev/api-key-file.ts';
import { readStackFile } from '../../dev/stack-file.ts';
import { launchBrowser, openPage, signIn, type Looks } from './browser.ts';

const dataDir = process.argv[2] ?? '.data';
const { api } = readStackFile(dataDir);
const key = readApiKey(dataDir)!;
const client = createClient({ baseUrl: api, apiKey: key });
const FOLDER = new URL('../../docs/console/', import.meta.url);
const SETTLE_MS = 2_500;

const first = async (pages: Promise<{ data: object[] }>, id: string): Promise<string> =>
  String((await pages).data.map((each) => (each as Record<string, unknown>)[id])[0]);

const [openCase] = (await client.cases.list({ status: 'OPEN' })).data;
const [waiting] = (await client.approvals.list({ status: 'AWAITING' })).data;
const transfer = openCase?.transfer_id ?? (await first(client.transfers.list({ status: 'COMPLETED' }), 'transfer_id'));
const { sender_wallet_id } = await client.transfers.get(transfer);
const PICTURES: readonly (readonly [name: string, path: string, looks?: Looks & { height?: number }])[] = [
  ['overview', ''],
  ['overview-dark', '', { colors: 'dark' }],
  ['transfers', '/transfers'],
  ['transfer', `/transfers/${transfer}`],
  [
    'completed',
    `/transfers/${await first(client.transfers.list({ status: 'COMPLETED' }), 'transfer_id')}`,
    { colors: 'dark' },
  ],
  ['wallet', `/wallets/${sender_wallet_id}`],
  ['cases', '/cases'],
  ['order', `/orders/${await first(client.orders.list(), 'order_id')}`],
  ['batch', `/batches/${await first(client.transferBatches.list(), 'batch_id')}`],
  ['events', '/events', { colors: 'dark' }],
  ['audit-log', '/audit-log'],
  ...(waiting === undefined ? [] : [['approval', `/approvals/${waiting.approval_id}`] as const]),
  ...(openCase === undefined ? [] : [['case', `/cases/${openCase.case_id}`] as const]),
];

const browser = await launchBrowser();
for (const [name, path, looks] of PICTURES) {
  const { page, context } = await openPage(browser, api, looks);
  await signIn(context, key);
  await page.goto(`${api}/console${path}`);
  await page.waitForTimeout(SETTLE_MS);
  const file = fileURLToPath(new URL(`${name}.png`, FOLDER));
  await page.screenshot({ path: file });
  // Where it is there, it makes a picture a third as large.
  try {
    execFileSync('pngquant', ['--force', '--skip-if-larger', '--output', file, '64', file]);
  } catch {
    console.error(`${name}: not compressed`);
  }
  await context.close();
}
await browser.close();
