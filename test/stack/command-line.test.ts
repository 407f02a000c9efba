// The command line on a real stack, as a person and as a program use it; and the client as another package uses it: packed,
// installed, type-checked and run on a Node without anything of this repository.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import type {
  Transaction,
  Transfer,
  TransferBatch,
  TransferBatchItem,
  TransferStep,
  Wallet,
} from '../../client/client.ts';
import { runCounterpoise, type Ran } from '../pure/run-counterpoise.ts';
import { readApiKey } from '../../dev/api-key-file.ts';
import { startStack, type TestStack } from './stack.ts';

describe('on a real stack', () => {
  let stack: TestStack;
  before(async () => {
    stack = await startStack();
    await stack.waitUntilReady();
  });
  after(async () => {
    await stack?.remove();
  });

  const counterpoise = (...args: string[]): Promise<Ran> => {
    const env = { DATA_DIR: stack.dataDir, COUNTERPOISE_API_URL: '' };
    return runCounterpoise(args, { env });
  };
  const openWallet = async (amount?: string): Promise<string> => {
    const { wallet_id } = (await counterpoise('wallet', 'create', `user-${randomUUID()}`, '--json')).json<Wallet>();
    if (amount !== undefined) assert.equal((await counterpoise('fund', wallet_id, amount)).code, 0);
    return wallet_id;
  };

  describe('the command line', () => {
    test('opens wallets, funds one, transfers, and shows what happened', async () => {
      const user = `user-${randomUUID()}`;
      const opened = await counterpoise('wallet', 'create', user, '--json');
      const alice = opened.json<Wallet>();
      assert.deepEqual([opened.code, opened.stderr, alice.user_id, alice.balance], [0, '', user, '0.0000']);
      const again = await counterpoise('wallet', 'create', user, '--json');
      assert.deepEqual([again.code, again.json<Wallet>().wallet_id], [0, alice.wallet_id]);
      const bob = await openWallet();

      const funding = await counterpoise('fund', alice.wallet_id, '100.00', '--reference', 'Salary', '--json');
      const { status, reference } = funding.json<Transaction>();
      assert.deepEqual([funding.code, status, reference], [0, 'PROCESSED', 'Salary']);

      const send = [
        'transfer',
        alice.wallet_id,
        bob,
        '25.00',
        '--wait',
        '--key',
        randomUUID(),
        '--metadata',
        'order=42',
      ];
      const sent = await counterpoise(...send, '--json');
      const transfer = sent.json<Transfer>();
      assert.deepEqual([sent.code, transfer.status, transfer.metadata], [0, 'COMPLETED', { order: '42' }]);
      assert.equal((await counterpoise(...send, '--json')).json<Transfer>().transfer_id, transfer.transfer_id);

      const shown = await counterpoise('transfer', 'show', transfer.transfer_id, '--json');
      const { steps, ...rest } = shown.json<Transfer & { steps: TransferStep[] }>();
      assert.deepEqual(rest, transfer);
      assert.deepEqual(
        steps.map(({ step }) => step),
        ['PENDING', 'DEBITED', 'COMPLETED'],
      );
      assert.equal((await counterpoise('wallet', 'show', bob, '--json')).json<Wallet>().balance, '25.0000');
    });

    test('shows people aligned text, without colours where there is no terminal', async () => {
      const [alice, bob] = [await openWallet('10.00'), await openWallet()];
      const { code, stdout } = await counterpoise('transfer', alice, bob, '2.50', '--wait');
      assert.equal(code, 0);
      assert.match(
        stdout,
        /^transfer {2}[0-9a-f-]{36}\nfrom {6}.*\nto {8}.*\nstatus {4}COMPLETED\namount {4}2\.5000 USD\n/,
      );
      const shown = await counterpoise('transfer', 'show', /transfer +(\S+)/.exec(stdout)![1]!);
      assert.match(
        shown.stdout,
        /\nSTEP +AT +AFTER +REASON\nPENDING +\S+Z +0 ms\nDEBITED +\S+Z +\d+ ms\nCOMPLETED +\S+Z +\d+ ms\n$/,
      );
      const { stdout: list } = await counterpoise('transfer', 'list', '--wallet', bob);
      assert.match(list, /^TRANSFER +STATUS +AMOUNT +CURRENCY +REASON +CREATED\n\S+ +COMPLETED +2\.5000 +USD +\S+Z\n$/);
    });

    test('exits 1 for a transfer that failed and for what the API refuses, and says why', async () => {
      const [alice, bob] = [await openWallet(), await openWallet()];
      const poor = await counterpoise('transfer', alice, bob, '1.00', '--wait');
      assert.equal(poor.code, 1);
      assert.match(poor.stdout, /status +FAILED\nreason +insufficient_funds\n/);
      const accepted = await counterpoise('transfer', alice, bob, '1.00', '--json');
      assert.equal(accepted.code, 0, 'who does not wait is told that it was accepted');

      const refused = await counterpoise('transfer', alice, bob, '-1');
      assert.deepEqual([refused.code, refused.stdout], [1, '']);
      assert.match(refused.stderr, /\/amount amount_not_positive: Must be more than zero\./);
      const unknown = await counterpoise('wallet', 'show', randomUUID(), '--json');
      assert.deepEqual([unknown.code, unknown.json<{ error: { code: string } }>().error.code], [1, 'wallet_not_found']);
    });

    test('audits the stack', async () => {
      const { code, json } = await counterpoise('audit', '--json');
      assert.deepEqual([code, json()['ok'], json()['violations']], [0, true, []]);
      assert.match((await counterpoise('audit')).stdout, /All invariants hold\.\n$/);
    });

    test('sends a file as a batch, says on which line what failed, and moves nothing twice', async () => {
      const folder = mkdtempSync(join(tmpdir(), 'counterpoise-test-'));
      const [alice, bob] = [await openWallet('10.00'), await openWallet()];
      const file = (name: string, ...rows: string[]): string => {
        writeFileSync(
          join(folder, name),
          ['sender_wallet_id,receiver_wallet_id,amount,reference', ...rows, ''].join('\n'),
        );
        return join(folder, name);
      };
      try {
        const rows = [`${alice},${bob},4.00,Rent`, `${alice},${bob},5.00,`, `${bob},${randomUUID()},1.00,`];
        const send = ['batch', file('batch.csv', ...rows), '--key', randomUUID()];
        const sent = await counterpoise(...send);
        assert.equal(sent.code, 1, sent.stderr);
        assert.match(
          sent.stdout,
          /status +COMPLETED\ncompleted +2\nfailed +1\n\nLINE +TRANSFER +REASON\n +4 +\S+ +insufficient_funds\n$/,
        );
        const { counts, failed_items: failed } = (await counterpoise(...send, '--json')).json<
          TransferBatch & { failed_items: TransferBatchItem[] }
        >();
        assert.deepEqual([counts.total, counts.completed, failed.map(({ index }) => index)], [3, 2, [2]]);
        assert.equal((await counterpoise('wallet', 'show', bob, '--json')).json<Wallet>().balance, '9.0000');

        const wrong = await counterpoise('batch', file('wrong.csv', rows[0]!, `${alice},${alice},1.00,`));
        assert.equal(wrong.code, 2);
        assert.match(wrong.stderr, /nothing of it was done:\n {2}line 3, receiver_wallet_id: .* \(same_wallet\)/);
      } finally {
        rmSync(folder, { recursive: true });
      }
    });

    test('holds, captures and gives back, and is told what is too late', async () => {
      const [alice, bob] = [await openWallet('20.00'), await openWallet()];
      const hold = async (): Promise<string> => {
        const { code, json } = await counterpoise('transfer', alice, bob, '10.00', '--hold', '--wait', '--json');
        const { status, capture_method, transfer_id } = json<Transfer>();
        assert.deepEqual([code, status, capture_method], [0, 'DEBITED', 'manual']);
        return transfer_id;
      };
      const id = await hold();
      const captured = (await counterpoise('transfer', 'capture', id, '6.00', '--json')).json<Transfer>();
      assert.deepEqual(
        [captured.status, captured.captured_amount, captured.released_amount],
        ['COMPLETED', '6.0000', '4.0000'],
      );
      const late = await counterpoise('transfer', 'cancel', id);
      assert.deepEqual([late.code, late.stdout], [1, '']);
      assert.match(late.stderr, /The transfer is COMPLETED\. \(not_cancelable\)/);

      const { code, stdout } = await counterpoise('transfer', 'cancel', await hold());
      assert.equal(code, 0);
      assert.match(stdout, /status +CANCELED\n/);
      const reversal = (await counterpoise('transfer', 'reverse', id, '1.50', '--json')).json<Transfer>();
      assert.deepEqual([reversal.status, reversal.reverses_transfer_id], ['COMPLETED', id]);
      assert.equal((await counterpoise('wallet', 'show', bob, '--json')).json<Wallet>().balance, '4.5000');
    });
  });

  describe('the client in another package', () => {
    let folder: string;
    before(() => {
      folder = mkdtempSync(join(tmpdir(), 'counterpoise-test-'));
    });
    after(() => rmSync(folder, { recursive: true }));

    test('is packed, installed without network, type-checked and run, and brings nothing else', () => {
      const root = fileURLToPath(new URL('../../', import.meta.url));
      const run = (command: string, ...args: string[]): string =>
        execFileSync(command, args, {
          cwd: folder,
          encoding: 'utf8',
          stdio: ['ignore', 'pipe', 'pipe'],
          timeout: 100_000,
        });
      run('npm', 'pack', join(root, 'client'), '--pack-destination', folder);
      const tarball = readdirSync(folder).find((name) => name.endsWith('.tgz'))!;
      writeFileSync(join(folder, 'package.json'), '{"name": "consumer", "private": true, "type": "module"}');
      run('npm', 'install', '--offline', '--ignore-scripts', '--no-audit', '--no-fund', `./${tarball}`);
      assert.deepEqual(
        readdirSync(join(folder, 'node_modules')).filter((name) => !name.startsWith('.')),
        ['counterpoise-client'],
      );

      writeFileSync(join(folder, 'consumer.ts'), CONSUMER);
      const strictly = ['--strict', '--module', 'nodenext', '--target', 'es2024', '--lib', 'es2024,dom', '--types', ''];
      const check = (name: string): string => run(join(root, 'node_modules/.bin/tsc'), ...strictly, name);
      check('consumer.ts');
      const printed = run(process.execPath, 'consumer.js', stack.api, readApiKey(stack.dataDir)!);
      assert.deepEqual(JSON.parse(printed), { status: 'COMPLETED', listed: 3, code: 'wallet_not_found', http: 404 });

      writeFileSync(join(folder, 'wrong.ts'), CONSUMER.replace("amount: '1.00'", 'amount: 1'));
      assert.throws(
        () => check('wrong.ts'),
        ({ stdout }: { stdout: string }) => /Type 'number' is not assignable to type 'string'/.test(stdout),
      );
      assert.doesNotMatch(
        readFileSync(join(folder, 'node_modules/counterpoise-client/package.json'), 'utf8'),
        /dependencies/i,
      );
    });
  });
});

const CONSUMER = `
import { createClient, CounterpoiseError, type Transfer } from 'counterpoise-client';
import { consume, logOf, type Connection, type Store } from 'counterpoise-client/consumer';

declare const process: { argv: string[] };
const client = createClient({ baseUrl: process.argv[2]!, apiKey: process.argv[3]! });
const run = crypto.randomUUID();
const [alice, bob] = await Promise.all(
  ['alice', 'bob'].map(async (name) => (await client.wallets.open({ user_id: name + run })).wallet.wallet_id),
);
await client.transactions.create({ wallet_id: alice!, type: 'CREDIT', amount: '10.00' }, { waitSeconds: 30 });
const body = { sender_wallet_id: alice!, receiver_wallet_id: bob!, amount: '1.00' };
let last: Transfer | undefined;
for (let n = 0; n < 3; n += 1) last = await client.transfers.create(body, { waitSeconds: 30 });
let listed = 0;
for await (const transfer of client.transfers.listAll({ wallet_id: alice!, limit: 2 })) if (transfer.amount === '1.0000') listed += 1;
const error: unknown = await client.wallets.get(run).catch((reason: unknown) => reason);
if (!(error instanceof CounterpoiseError)) throw error;

// A database that answers as one without a row does: it is enough to be asked.
const asked: string[] = [];
const ending = new AbortController();
const connection: Connection & { release(): void } = {
  async query(text) {
    asked.push(text);
    ending.abort();
    return { rows: [] };
  },
  release() {},
};
const store: Store<typeof connection> = { connect: async () => connection };
await consume({ name: 'other', source: logOf(client), store, signal: ending.signal, handle: async () => {} });
if (!asked[0]?.includes('consumer_cursors')) throw new Error('the consumer does not ask its database');
console.log(JSON.stringify({ status: last?.status, listed, code: error.code, http: error.status }));
`;
