// The console in a real browser, on a real stack: one for all of these tests, whose transfers need attention soon.

import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import type { Browser } from 'playwright-core';
import { readApiKey } from '../../dev/api-key-file.ts';
import { formatUnits, parseUnits } from '../../domain/money.ts';
import { ATTENTION_SOON } from '../../nemesis/attention-soon.ts';
import { makeBuild } from '../../nemesis/build.ts';
import { killAndAwaitNext } from '../stack/faults.ts';
import { openMoney, type Money } from '../stack/money.ts';
import { startStack, until, type TestStack } from '../stack/stack.ts';
import {
  assertAccessible,
  lacksBrowser,
  launchBrowser,
  type Looks,
  openPage,
  openSignedIn,
  untilLoaded,
  untilWithoutAlert,
} from './browser.ts';
import { makeSample, type Sample } from './sample.ts';
import { makeStuck, type Stuck } from './stuck.ts';

const LIMIT_MS = 120_000;

describe('the console', { skip: lacksBrowser }, () => {
  const directory = mkdtempSync(join(tmpdir(), 'counterpoise-test-'));
  let stack: TestStack;
  let money: Money;
  let browser: Browser;
  let sample: Sample;
  let stuck: Stuck;
  before(async () => {
    browser = await launchBrowser();
    stack = await startStack({ build: makeBuild(join(directory, 'source'), ATTENTION_SOON) });
    await stack.waitUntilReady();
    money = await openMoney(stack);
    sample = await makeSample(money);
    stuck = await makeStuck(stack, money, '1500.0000');
  });
  after(async () => {
    await browser?.close();
    await money?.close();
    await stack?.remove();
    rmSync(directory, { recursive: true, force: true });
  });

  /** A page of somebody who has signed in. */
  const open = (path: string, looks?: Looks) =>
    openSignedIn(browser, stack.api, readApiKey(stack.dataDir), { path, ...looks });

  test('signs in by the link of the start, once', async () => {
    const links = readFileSync(stack.logFile, 'utf8').match(/http\S+#link=\S+/g);
    assert.equal(links?.length, 1, 'it is printed once, and in no log');
    const { page, context, assertQuiet, forgive } = await openPage(browser, stack.api);
    await page.goto(links[0]);
    await page.getByRole('link', { name: 'Transfers' }).waitFor();
    assert.equal(new URL(page.url()).hash, '', 'the secret has left the address');
    await untilLoaded(page);
    assertQuiet();
    const second = await context.newPage();
    await second.goto(links[0]);
    await second.getByText('console_link_not_found').waitFor();
    forgive();
    await page.getByRole('button', { name: 'Sign out' }).click();
    await page.getByLabel('API key').waitFor();
    await context.close();
  });

  test('signs in with a key, which another tab does not get', async () => {
    const { page, context } = await openPage(browser, stack.api);
    await page.goto(`${stack.api}/console/wallets`);
    await page.getByLabel('API key').fill(readApiKey(stack.dataDir)!);
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { name: 'Wallets' }).waitFor();
    const other = await context.newPage();
    await other.goto(`${stack.api}/console/wallets`);
    await other.getByLabel('API key').waitFor();
    await context.close();
  });

  const pages = (): string[] => [
    ...[
      '',
      '/cases',
      '/cases?of=orders',
      '/events',
      '/transfers',
      '/transfers?status=FAILED',
      '/holds',
      '/transactions',
    ],
    ...['/batches', '/batches/new', '/recurring', '/wallets', '/orders', '/returns', '/webhooks'],
    ...['/reconciliation', '/keys'],
    ...[`/transfers/${sample.transfer}`, `/transfers/${stuck.transferId}`, `/transactions/${sample.transaction}`],
    ...[
      `/wallets/${sample.wallet}`,
      `/cases/${stuck.caseId}`,
      `/batches/${sample.batch}`,
      `/recurring/${sample.recurring}`,
    ],
    ...[
      `/orders/${sample.order}`,
      `/returns/${sample.returned}`,
      `/webhooks/${sample.webhook}`,
      `/reconciliation/${sample.run}`,
      '/events/1',
    ],
    '/find?q=Invoice%201',
  ];
  test('shows each page, light and dark, to everybody: axe finds nothing, the policy holds, nothing comes from elsewhere', async () => {
    for (const path of pages()) {
      const { page, assertQuiet, close } = await open(path);
      await untilWithoutAlert(page, 'It needs a person');
      await assertAccessible(page, path);
      assertQuiet();
      await close();
    }
  });

  test('fits a window of 320 px', async () => {
    for (const path of [
      '',
      '/transfers',
      `/transfers/${sample.transfer}`,
      `/wallets/${sample.wallet}`,
      '/batches/new',
    ]) {
      const { page, close } = await open(path, { width: 320 });
      const width = await page.evaluate<number>(`document.documentElement.scrollWidth`);
      assert.ok(width <= 320, `${path} is ${width} px wide`);
      await close();
    }
  });

  test('leads back to the row that had the focus', async () => {
    const { page, close } = await open('/transfers?status=COMPLETED');
    await page.keyboard.press('j');
    await page.keyboard.press('j');
    const focused = () => page.evaluate<string | undefined>(`document.activeElement?.closest('tr')?.dataset.id`);
    const before = await focused();
    assert.ok(before);
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { name: 'Transfer', exact: true }).waitFor();
    await page.goBack();
    await until(LIMIT_MS, 'the row has not the focus again', async () => (await focused()) === before);
    assert.match(page.url(), /status=COMPLETED/);
    await close();
  });

  test('names each page, and gives the focus to its heading, from where j reaches every row', async () => {
    const { page, close } = await open('');
    const focused = (what: string) => page.evaluate<string | undefined>(`document.activeElement?.${what}`);
    assert.equal(await page.title(), 'Overview · Counterpoise');
    await page.keyboard.press('g');
    await page.keyboard.press('t');
    await until(LIMIT_MS, 'the heading has no focus', async () => (await focused('textContent')) === 'Transfers');
    assert.equal(await page.title(), 'Transfers · Counterpoise');
    await page.goto(`${stack.api}/console/transfers/${sample.transfer}`);
    await page.locator('[data-row]').first().waitFor();
    assert.equal(await page.title(), `Transfer ${sample.transfer.slice(0, 8)}… · Counterpoise`);
    const count = await page.locator('main [data-row]').count();
    for (let n = 0; n < count; n += 1) await page.keyboard.press('j');
    const last = await page.locator('main [data-row]').last().getAttribute('data-id');
    assert.equal(await focused(`closest('tr').dataset.id`), last, 'also those without a link');
    await close();
  });

  test('keeps a dialog whole when a call as curl is open in it', async () => {
    const { page, close } = await open(`/wallets/${sample.wallet}`);
    await page.getByRole('button', { name: 'Suspend the wallet' }).click();
    await page.getByText('As curl').click();
    await page.locator('dialog pre').waitFor();
    const overhang = await page.evaluate<number>(`(() => {
      const dialog = document.querySelector('dialog');
      return dialog.scrollWidth - dialog.clientWidth;
    })()`);
    assert.equal(overhang, 0);
    await close();
  });

  test('says that there is no such type of events, and forgets it with the filter', async () => {
    const { page, close } = await open('/events?types=transfer.faild');
    await page.getByText('There is no type transfer.faild').waitFor();
    assert.equal(await page.getByText('will appear here').count(), 0);
    await page.getByRole('link', { name: 'Clear' }).click();
    await page.getByText('transfer.completed').first().waitFor();
    assert.equal(await page.getByRole('alert').count(), 0);
    await close();
  });

  test('shows what has happened while it was paused, also where nothing had come before', async () => {
    const wallet = await money.wallet(0);
    const { page, close } = await open(`/events?subject=${wallet}&types=wallet.credited`);
    await page.getByText('live').waitFor();
    await page.getByRole('button', { name: 'Pause' }).click();
    await money.api.transfer(sample.wallet, wallet, '0.01');
    // More than what is shown of the past at first.
    for (let n = 0; n < 20; n += 1) await money.api.transfer(sample.wallet, sample.other, '0.01');
    await page.getByRole('button', { name: 'Go on' }).click();
    await page.getByRole('cell', { name: 'wallet.credited' }).waitFor();
    await close();
  });

  test('shows what has changed before anything is done about it', async () => {
    const wallet = await money.wallet(0);
    const { page, close } = await open(`/wallets/${wallet}`);
    await page.getByRole('button', { name: 'Suspend the wallet' }).click();
    await money.api.post(`/v1/wallets/${wallet}/suspend`);
    await page.getByRole('dialog').getByRole('button', { name: 'Suspend the wallet' }).click();
    await page.getByText('Nothing was done').waitFor();
    assert.equal(await page.locator('.changes ins').textContent(), 'SUSPENDED');
    await close();
  });

  test('by keyboard alone, a stuck transfer is found and settled', async () => {
    const { page, assertQuiet, close } = await open('');
    const { keyboard } = page;
    const tabTo = async (name: string): Promise<void> => {
      for (let n = 0; n < 60; n += 1) {
        await keyboard.press('Tab');
        if ((await page.evaluate<string>(`document.activeElement?.textContent`)) === name) return;
      }
      assert.fail(`no Tab leads to ${name}`);
    };
    await keyboard.press('g');
    await keyboard.press('c');
    await page.locator('[data-row]').first().waitFor();
    await keyboard.press('j');
    await keyboard.press('Enter');
    await page.getByRole('heading', { name: 'Case', exact: true }).waitFor();
    await page.getByRole('button', { name: 'Refund the sender' }).waitFor();
    await tabTo('Refund the sender');
    await keyboard.press('Enter');
    await page.getByRole('dialog').waitFor();
    await keyboard.type('The receiver has closed the account.');
    await keyboard.press('Tab');
    await keyboard.type('Ada');
    await keyboard.press('Tab');
    await keyboard.press('Enter');
    assert.equal(await page.getByText('The server has answered.').count(), 0, 'a large amount has to be typed');
    await keyboard.type('1,500.00');
    await keyboard.press('Enter');
    await page.getByText('The server has answered.').waitFor();
    await keyboard.press('Enter');
    await page.getByRole('cell', { name: /for Ada$/ }).waitFor();
    await page.getByText('The sender has had the 1,500.00 USD back').waitFor();
    assert.equal(await page.getByRole('button', { name: 'Refund the sender' }).count(), 0);
    assert.equal(await money.api.balance(stuck.sender), '5000.0000');
    assertQuiet();
    await close();
    await stuck.release();
  });

  test('shows each event once, also when the API is restarted meanwhile', async () => {
    const { page, close } = await open('/events');
    await page.getByText('live').waitFor();
    const move = async (): Promise<string> =>
      (await money.api.transfer(sample.wallet, sample.other, '0.10')).body.transfer_id;
    const shown = () => page.locator('tr[data-row]').evaluateAll((rows) => rows.map((row) => row.dataset['id']!));
    const ids = [await move()];
    await page.getByText('transfer.completed').first().waitFor();
    await killAndAwaitNext(stack, 'app');
    await stack.waitUntilReady();
    ids.push(await move(), await move());
    const completed = page.locator('tr', { hasText: 'transfer.completed' });
    await until(LIMIT_MS, 'not all three are shown', async () => (await completed.count()) >= ids.length);
    const positions = await shown();
    assert.equal(new Set(positions).size, positions.length, 'each once');
    const [newest, oldest] = [Number(positions[0]), Number(positions.at(-1))];
    assert.equal(newest - oldest + 1, positions.length, 'without a gap');
    await close();
  });

  test('tries and sends a batch of 10,000 rows from a CSV', async () => {
    const header = 'sender_wallet_id,receiver_wallet_id,amount,reference\n';
    const row = (n: number, amount: string): string => `${sample.wallet},${sample.other},${amount},"row, ${n}"\n`;
    const file = (name: string, faulty?: number): string => {
      const path = join(directory, name);
      const rows = Array.from({ length: 10_000 }, (_, n) => row(n, n === faulty ? '1.23456' : '0.01'));
      writeFileSync(path, header + rows.join(''));
      return path;
    };
    const { page, assertQuiet, close } = await open('/batches/new');
    const input = page.locator('input[type=file]');
    await input.setInputFiles(file('faulty.csv', 4_998));
    await page.getByText('1 of 10000 rows are faulty').waitFor();
    assert.equal(
      await page.locator('tr[data-id="4998"] td').first().textContent(),
      '4999',
      'as the batch counts its rows',
    );
    await input.setInputFiles(file('right.csv'));
    await page.getByText('All 10000 rows can be sent').waitFor();
    await page.getByRole('button', { name: 'Send 10000 transfers' }).click();
    await page.getByText('10000 of 10000 completed').waitFor({ timeout: LIMIT_MS });
    assertQuiet();
    await close();
  });

  test('saves the rows that failed as a file that can be sent again', async () => {
    const path = join(directory, 'failing.csv');
    const rows = [`${sample.wallet},${sample.other},0.01,fine`, `${sample.wallet},${randomUUID()},0.02,"no, receiver"`];
    writeFileSync(path, `sender_wallet_id,receiver_wallet_id,amount,reference\n${rows.join('\n')}\n`);
    const { page, assertQuiet, close } = await open('/batches/new');
    await page.locator('input[type=file]').setInputFiles(path);
    await page.getByRole('button', { name: 'Send 2 transfers' }).click();
    await page.getByText('1 of 2 completed').waitFor();
    const saving = page.waitForEvent('download');
    await page.getByRole('button', { name: 'Failed rows as CSV' }).click();
    const saved = join(directory, 'failed.csv');
    await (await saving).saveAs(saved);
    const [header, row, ...more] = readFileSync(saved, 'utf8').trim().split('\r\n');
    assert.match(header!, /^row,sender_wallet_id,receiver_wallet_id,amount,currency,reference,.*failure_reason$/);
    assert.match(row!, /^2,.*,0\.0200,\w{3},"no, receiver",.*FAILED,receiver_not_found$/);
    assert.deepEqual(more, []);
    await page.goto(new URL('/console/batches/new', page.url()).href);
    await page.locator('input[type=file]').setInputFiles(saved);
    await page.getByRole('button', { name: 'Send 1 transfers' }).waitFor();
    assertQuiet();
    await close();
  });

  test('sends a batch once whose answers were lost, also when the file is chosen again', async () => {
    const path = join(directory, 'lost.csv');
    writeFileSync(path, `sender_wallet_id,receiver_wallet_id,amount\n${sample.wallet},${sample.other},0.37\n`);
    const before = await money.api.balance(sample.wallet);
    const { page, close } = await open('/batches/new');
    let arrived = 0;
    await page.route('**/v1/transfer-batches', async (route) => {
      if (route.request().method() !== 'POST') return route.continue();
      await route.fetch();
      arrived += 1;
      return route.abort();
    });
    const input = page.locator('input[type=file]');
    const send = page.getByRole('button', { name: 'Send 1 transfers' });
    await input.setInputFiles(path);
    await send.click();
    await page.getByText('what became of that is not known').waitFor();
    assert.ok(arrived > 0);
    await page.unroute('**/v1/transfer-batches');
    await page.reload();
    await input.setInputFiles(path);
    await page.getByText('what became of that is not known').waitFor();
    await send.click();
    await page.getByText('1 of 1 completed').waitFor();
    const moved = parseUnits(before) - parseUnits(await money.api.balance(sample.wallet));
    assert.equal(formatUnits(moved), '0.3700');
    await close();
  });

  test('leaves the process that has served all of this with at most 3,000 series', async () => {
    const [url] = Object.values(stack.file().metrics!);
    const lines = (await (await fetch(url!)).text()).split('\n').filter((line) => /^\w/.test(line));
    assert.ok(lines.length > 1_000 && lines.length <= 3_000, `${lines.length} series`);
  });
});
