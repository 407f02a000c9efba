// What needs a second person, in a real browser: found, judged and decided by keyboard alone, by somebody else than who has asked for it.

import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import type { Browser, Page } from 'playwright-core';
import { ATTENTION_SOON } from '../../nemesis/attention-soon.ts';
import { makeBuild } from '../../nemesis/build.ts';
import { apiClient, type Answer } from '../stack/api-client.ts';
import { openMoney, type Money } from '../stack/money.ts';
import { startStack, until, type TestStack } from '../stack/stack.ts';
import {
  assertAccessible,
  lacksBrowser,
  launchBrowser,
  type Looks,
  openSignedIn,
  untilWithoutAlert,
} from './browser.ts';
import { makeStuck, type Stuck } from './stuck.ts';

const LIMIT_MS = 120_000;
const SCOPES = [
  ...['approvals:read', 'approvals:write', 'approvals:override', 'policies:write', 'transfers:read', 'transfers:write'],
  ...['wallets:read', 'cases:read', 'cases:write', 'audit:read', 'events:read'],
];
type Body = Record<string, unknown>;

describe('a second person', { skip: lacksBrowser }, () => {
  const directory = mkdtempSync(join(tmpdir(), 'counterpoise-test-'));
  let stack: TestStack;
  let money: Money;
  let browser: Browser;
  let alice: string;
  let bob: string;
  let sender: string;
  let receiver: string;
  let stuck: Stuck;
  /** Waits, rejected, and approved. */
  const transfers = { waiting: '', rejected: '', decided: '' };
  before(async () => {
    browser = await launchBrowser();
    stack = await startStack({ build: makeBuild(join(directory, 'source'), ATTENTION_SOON) });
    await stack.waitUntilReady();
    money = await openMoney(stack);
    // Before there is a policy, so that it does not wait itself.
    stuck = await makeStuck(stack, money, '1500.0000');
    [alice, bob] = [await keyOf('alice'), await keyOf('bob')];
    taken(await money.api.put<Body>('/v1/approval-policies/USD', { version: 0, above: '1000', approvals: 1 }));
    [sender, receiver] = [await money.wallet(0, '25000'), await money.wallet(1)];
    transfers.waiting = await ask(alice, '12500.00', { reference: 'Invoice 7', metadata: { order_id: '42' } });
    transfers.rejected = await ask(alice, '2500.00', { capture_method: 'manual' });
    transfers.decided = await ask(alice, '1250.00');
    for (const [id, vote] of [
      [transfers.rejected, 'reject'],
      [transfers.decided, 'approve'],
    ] as const)
      await cast(id, vote);
  });
  after(async () => {
    await browser?.close();
    await money?.close();
    await stack?.remove();
    rmSync(directory, { recursive: true, force: true });
  });

  const taken = ({ status, body }: Answer<Body>): Body => {
    assert.ok(status < 300, JSON.stringify(body));
    return body;
  };
  const clientOf = (secret: string) =>
    apiClient(
      () => stack.api,
      () => ({ authorization: `Bearer ${secret}` }),
    );

  /** Of a principal of its own. */
  async function keyOf(name: string): Promise<string> {
    const { principal_id } = taken(await money.api.post<Body>('/v1/principals', { name, kind: 'human' }));
    const key = { 'idempotency-key': randomUUID() };
    return String(taken(await money.api.post('/v1/api-keys', { name, scopes: SCOPES, principal_id }, key))['secret']);
  }

  async function ask(by: string, amount: string, more: Body = {}): Promise<string> {
    const body = { sender_wallet_id: sender, receiver_wallet_id: receiver, amount, ...more };
    const made = taken(await clientOf(by).post<Body>('/v1/transfers', body, { 'idempotency-key': randomUUID() }));
    assert.equal(made['status'], 'AWAITING_APPROVAL');
    return String(made['transfer_id']);
  }

  async function cast(id: string, vote: 'approve' | 'reject' | 'override', by = clientOf(bob)): Promise<void> {
    const { body_hash, policy_version } = (await by.get<Body>(`/v1/approvals/${id}`)).body;
    const seen = { body_hash, policy_version, comment: 'As agreed with the supplier.' };
    taken(await by.post(`/v1/approvals/${id}/${vote}`, seen));
  }

  const open = (as: string, path: string, looks?: Looks) => openSignedIn(browser, stack.api, as, { path, ...looks });

  async function tabTo(page: Page, name: string): Promise<void> {
    for (let n = 0; n < 80; n += 1) {
      await page.keyboard.press('Tab');
      if ((await page.evaluate<string>(`document.activeElement?.textContent`)) === name) return;
    }
    assert.fail(`no Tab leads to ${name}`);
  }

  test('is asked on pages that everybody can read, light and dark: axe finds nothing, the policy holds', async () => {
    const paths = [
      ...['', '/approvals', '/approvals?of=all', '/approvals?of=all&status=REJECTED', '/approvals/policies'],
      ...['/audit-log', '/audit-log?action=approval-voted', '/transfers?status=AWAITING_APPROVAL'],
      ...Object.values(transfers).flatMap((id) => [`/approvals/${id}`, `/transfers/${id}`]),
    ];
    for (const path of paths) {
      const { page, assertQuiet, close } = await open(bob, path);
      await untilWithoutAlert(page);
      await assertAccessible(page, path);
      assertQuiet();
      await close();
    }
  });

  test('fits a window of 320 px', async () => {
    for (const path of ['/approvals', `/approvals/${transfers.waiting}`, '/approvals/policies', '/audit-log']) {
      const { page, close } = await open(bob, path, { width: 320 });
      const width = await page.evaluate<number>(`document.documentElement.scrollWidth`);
      assert.ok(width <= 320, `${path} is ${width} px wide`);
      await close();
    }
  });

  test('is not who has asked, and is told so', async () => {
    const { page, close } = await open(alice, `/approvals/${transfers.waiting}`);
    await page.getByRole('button', { name: 'Approve it' }).click();
    await page.getByLabel('Why').fill('I say so.');
    await page.getByLabel('Type the amount').fill('12500');
    await page.keyboard.press('Enter');
    await page.getByText('Somebody else has to approve it').waitFor();
    await page.getByText('own_request').waitFor();
    assert.equal((await money.api.get<Body>(`/v1/transfers/${transfers.waiting}`)).body['status'], 'AWAITING_APPROVAL');
    await close();
  });

  test('is not offered the approval by a session that knows who has asked, but the rejection', async () => {
    const { asked_by_id } = (await money.api.get<Body>(`/v1/approvals/${transfers.waiting}`)).body;
    const { page, close } = await openSignedIn(browser, stack.api, alice, {
      path: `/approvals/${transfers.waiting}`,
      principalId: String(asked_by_id),
    });
    await page.getByText('You have asked for it, so somebody else has to approve it').waitFor();
    await page.getByRole('button', { name: 'Reject it' }).waitFor();
    assert.equal(await page.getByRole('button', { name: 'Approve it' }).count(), 0);
    await close();
  });

  test('by keyboard alone, finds what waits and lets it go, which the audit log tells', async () => {
    const { page, assertQuiet, close } = await open(bob, '');
    const { keyboard } = page;
    await page.getByText('1 awaits a second person').waitFor();
    await keyboard.press('g');
    await keyboard.press('a');
    await page.locator('[data-row]').first().waitFor();
    await keyboard.press('j');
    await keyboard.press('Enter');
    await page.getByRole('heading', { name: 'Approval', exact: true }).waitFor();
    await page.getByRole('button', { name: 'Approve it' }).waitFor();
    await tabTo(page, 'Approve it');
    await keyboard.press('Enter');
    await page.getByRole('dialog').getByText('12,500.00 USD go from the sender to the receiver').waitFor();
    await keyboard.type('As agreed with the supplier.');
    await keyboard.press('Tab');
    await keyboard.press('Enter');
    assert.equal(await page.getByText('The server has answered.').count(), 0, 'a large amount has to be typed');
    await keyboard.type('12,500.00');
    await keyboard.press('Enter');
    await page.getByText('The server has answered.').waitFor();
    await keyboard.press('Enter');
    await page.getByRole('cell', { name: 'bob' }).waitFor();
    await until(LIMIT_MS, 'it does not complete', async () => {
      return (await money.api.get<Body>(`/v1/transfers/${transfers.waiting}`)).body['status'] === 'COMPLETED';
    });
    assert.deepEqual(await money.entriesOf(transfers.waiting), ['CREDIT', 'DEBIT']);

    await keyboard.press('g');
    await keyboard.press('d');
    await page.getByRole('heading', { name: 'Audit log' }).waitFor();
    const row = page.locator('[data-row]', { hasText: 'approval voted' }).first();
    await row.waitFor();
    assert.match((await row.textContent())!, /bob.*approve/);
    await keyboard.press('j');
    await keyboard.press('Enter');
    await page.locator('tr.detail').waitFor();
    assert.match(page.url(), /open=/);
    assertQuiet();
    await close();
  });

  test('by keyboard alone, settles with somebody else what is stuck', async () => {
    const asking = await open(alice, '');
    const { keyboard } = asking.page;
    await keyboard.press('g');
    await keyboard.press('c');
    await asking.page.locator('[data-row]').first().waitFor();
    await keyboard.press('j');
    await keyboard.press('Enter');
    await asking.page.getByRole('button', { name: 'Refund the sender' }).waitFor();
    await tabTo(asking.page, 'Refund the sender');
    await keyboard.press('Enter');
    await asking.page.getByRole('dialog').waitFor();
    await keyboard.type('The receiver has closed the account.');
    for (let field = 0; field < 2; field += 1) await keyboard.press('Tab');
    await keyboard.type('1,500.00');
    await keyboard.press('Enter');
    await asking.page.getByText('The server has answered.').waitFor();
    assert.notEqual(await money.api.balance(stuck.sender), '5000.0000', 'nothing moves before somebody else agrees');
    await asking.close();

    const { page, assertQuiet, close } = await open(bob, '/approvals');
    await page.locator('[data-row]').first().waitFor();
    await page.keyboard.press('j');
    await page.keyboard.press('Enter');
    await page.getByRole('button', { name: 'Approve it' }).waitFor();
    await assertAccessible(page, 'the approval of a decision');
    await tabTo(page, 'Approve it');
    await page.keyboard.press('Enter');
    await page.getByRole('dialog').waitFor();
    await page.keyboard.type('The sender has called.');
    await page.keyboard.press('Tab');
    await page.keyboard.type('1500');
    await page.keyboard.press('Enter');
    await page.getByText('The server has answered.').waitFor();
    await until(LIMIT_MS, 'it is not refunded', async () => (await money.api.balance(stuck.sender)) === '5000.0000');
    assertQuiet();
    await close();
    await stuck.release();
  });

  test('sees that the policy was changed meanwhile, before anything is done', async () => {
    const id = await ask(alice, '1500.00');
    const { page, close } = await open(bob, `/approvals/${id}`);
    await page.getByRole('button', { name: 'Approve it' }).click();
    const change = { version: 1, above: '1000', approvals: 2 };
    const asked = taken(await money.api.put<Body>('/v1/approval-policies/USD', change));
    await cast(String(asked['approval_id']), 'override', money.api);
    const dialog = page.getByRole('dialog');
    const submit = dialog.getByRole('button', { name: 'Approve it' });
    await page.getByLabel('Why').fill('Seen.');
    await page.getByLabel('Type the amount').fill('1500');
    await submit.click();
    await dialog.getByText('approval_policy_changed').waitFor();
    await submit.click();
    await dialog.getByText('Nothing was done').waitFor();
    assert.deepEqual(await dialog.locator('.changes ins').allTextContents(), ['2', '2'], 'needed, and the version');
    await submit.click();
    await dialog.getByText('The server has answered.').waitFor();
    assert.equal(
      (await money.api.get<Body>(`/v1/transfers/${id}`)).body['status'],
      'AWAITING_APPROVAL',
      'one is not two',
    );
    await close();
  });

  test('reaches the raw history of what was approved', async () => {
    const { page, close } = await open(bob, `/transfers/${transfers.decided}`);
    const link = page.getByRole('link', { name: `transfer/${transfers.decided}` });
    const { ui, namespace } = stack.file().temporal;
    const id = encodeURIComponent(`transfer/${transfers.decided}`);
    assert.equal(await link.getAttribute('href'), `${ui}/namespaces/${namespace}/workflows/${id}`);
    await page.getByText('1 of 1 approvals').waitFor();
    await close();
  });
});
