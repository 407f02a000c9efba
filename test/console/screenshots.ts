// `npm run draw:console`: the pictures of docs/console, one of every page, of a stack of its own with something of everything in it.

import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { readApiKey } from '../../dev/api-key-file.ts';
import { ATTENTION_SOON } from '../../nemesis/attention-soon.ts';
import { makeBuild } from '../../nemesis/build.ts';
import { openMoney } from '../stack/money.ts';
import { startStack } from '../stack/stack.ts';
import { launchBrowser, openPage, signIn, type Looks } from './browser.ts';
import { makeSample } from './sample.ts';
import { makeStuck } from './stuck.ts';

const FOLDER = new URL('../../docs/console/', import.meta.url);
const SEED = fileURLToPath(new URL('../../commands/seed.ts', import.meta.url));
const SETTLE_MS = 2_500;

type Picture = readonly [name: string, path: string, looks?: Looks];

const directory = mkdtempSync(join(tmpdir(), 'counterpoise-test-'));
const stack = await startStack({ build: makeBuild(join(directory, 'source'), ATTENTION_SOON) });
try {
  await stack.waitUntilReady();
  const money = await openMoney(stack);
  try {
    await draw(await fill());
  } finally {
    await money.close();
  }

  /** Returns what to draw. */
  async function fill(): Promise<readonly Picture[]> {
    const sample = await makeSample(money);
    execFileSync(process.execPath, [SEED], { env: { ...process.env, DATA_DIR: stack.dataDir }, stdio: 'ignore' });
    const stuck = await makeStuck(stack, money, '1840.0000');
    await money.api.put('/v1/approval-policies/USD', { version: 0, above: '1000' });
    const { body: waiting } = await money.api.transfer(sample.wallet, sample.other, '1250.00');
    if (waiting.status !== 'AWAITING_APPROVAL') throw new Error(`nothing waits: ${JSON.stringify(waiting)}`);
    const { body: logged } = await money.api.get<{ data: { position: number }[] }>('/v1/events?after=0&limit=1');
    return [
      ['overview', ''],
      ['overview-dark', '', { colors: 'dark' }],
      ['cases', '/cases'],
      ['case', `/cases/${stuck.caseId}`],
      ['approvals', '/approvals'],
      ['approval', `/approvals/${waiting.transfer_id}`],
      ['policies', '/approvals/policies'],
      ['events', '/events', { colors: 'dark' }],
      ['event', `/events/${logged.data[0]?.position}`],
      ['transfers', '/transfers'],
      ['transfer', `/transfers/${stuck.transferId}`],
      ['completed', `/transfers/${sample.transfer}`, { colors: 'dark' }],
      ['holds', '/holds'],
      ['transactions', '/transactions'],
      ['transaction', `/transactions/${sample.transaction}`],
      ['batches', '/batches'],
      ['batch', `/batches/${sample.batch}`],
      ['new-batch', '/batches/new'],
      ['recurring-transfers', '/recurring'],
      ['recurring-transfer', `/recurring/${sample.recurring}`],
      ['wallets', '/wallets'],
      ['wallet', `/wallets/${sample.wallet}`],
      ['orders', '/orders'],
      ['order', `/orders/${sample.order}`],
      ['returns', '/returns'],
      ['return', `/returns/${sample.returned}`],
      ['webhooks', '/webhooks'],
      ['webhook', `/webhooks/${sample.webhook}`],
      ['reconciliation', '/reconciliation'],
      ['run', `/reconciliation/${sample.run}`],
      ['keys', '/keys'],
      ['audit-log', '/audit-log'],
      ['found', '/find?q=Invoice+1'],
    ];
  }
} finally {
  await stack.remove();
  rmSync(directory, { recursive: true, force: true });
}

async function draw(pictures: readonly Picture[]): Promise<void> {
  const browser = await launchBrowser();
  try {
    for (const [name, path, looks] of pictures) {
      const { page, context } = await openPage(browser, stack.api, looks);
      await signIn(context, readApiKey(stack.dataDir));
      await page.goto(`${stack.api}/console${path}`);
      await page.waitForTimeout(SETTLE_MS);
      const file = fileURLToPath(new URL(`${name}.png`, FOLDER));
      await page.screenshot({ path: file });
      compress(name, file);
      await context.close();
    }
  } finally {
    await browser.close();
  }
}

/** Where the program for it is there, it makes a picture a third as large. */
function compress(name: string, file: string): void {
  try {
    execFileSync('pngquant', ['--force', '--skip-if-larger', '--output', file, '64', file]);
  } catch {
    console.error(`${name}: not compressed`);
  }
}
