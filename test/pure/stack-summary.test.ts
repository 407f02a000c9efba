// The summary at the end of `npm start`.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { keyOption, summarize, type SummarizedStack } from '../../dev/stack-summary.ts';

const stack: SummarizedStack = {
  api: 'http://127.0.0.1:3000',
  temporal: { address: '127.0.0.1:7233', ui: 'http://127.0.0.1:8233', namespace: 'default' },
  databases: Object.fromEntries(
    ['wallet-0', 'wallet-1', 'transfer', 'events'].map((name) => [
      name,
      `postgres://postgres:secret@127.0.0.1:5432/${name}`,
    ]),
  ),
  dataDir: '/home/me/counterpoise/.data',
  isOnUsualDataDir: true,
  tookMs: 6_543,
  consoleUrl: 'http://127.0.0.1:3000/console#link=secret',
};

test('a start ends with where the API, the reference and the Web UI are and with what to type next, without a password', () => {
  assert.equal(
    summarize(stack),
    `
Counterpoise is ready after 6.5 s.

  API         http://127.0.0.1:3000
  Console     http://127.0.0.1:3000/console#link=secret (signs in once, within 15 minutes)
  Reference   http://127.0.0.1:3000/docs
  Web UI      http://127.0.0.1:8233 (Temporal)
  PostgreSQL  127.0.0.1:5432, 4 databases, 2 of wallets (URLs in stack.json)
  Key         /home/me/counterpoise/.data/api-key (auth-header beside it, for curl -H @…)
  Data        /home/me/counterpoise/.data

Type next, in a second terminal, in this directory:

  for sample wallets and transfers, and a list of them:
    npm run seed
    npx counterpoise transfer list
  for a wallet of your own:
    curl http://127.0.0.1:3000/v1/wallets -H @.data/auth-header -H 'Content-Type: application/json' -d '{"user_id": "alice"}'

Ctrl-C stops everything; the data stays.
`,
  );
});

test('what to type next names the data directory where it is not the usual one, as a shell reads it', () => {
  const dataDir = "/tmp/it's here";
  const said = summarize({ ...stack, dataDir, isOnUsualDataDir: false });
  assert.match(said, /^ {4}DATA_DIR='\/tmp\/it'\\''s here' npm run seed$/m);
  assert.match(said, /^ {4}DATA_DIR='\/tmp\/it'\\''s here' npx counterpoise transfer list$/m);
});

test('a Temporal server that is not ours is named by its address, and a wallet API where there is one', () => {
  const said = summarize({
    ...stack,
    wallet_api: 'http://127.0.0.1:3001',
    metrics: { api: 'http://127.0.0.1:9464/metrics', 'wallet-api': 'http://127.0.0.1:9465/metrics' },
    temporal: { address: 'temporal.example.com:7233', namespace: 'default' },
  });
  assert.match(said, /^ {2}Metrics {5}http:\/\/127\.0\.0\.1:9464\/metrics, and 1 more \(in stack\.json\)$/m);
  assert.match(said, /^ {2}Wallet API {2}http:\/\/127\.0\.0\.1:3001$/m);
  assert.match(said, /^ {2}Temporal {4}temporal\.example\.com:7233$/m);
  assert.doesNotMatch(said, /Web UI/);
});

test('a line for curl has the key of its stack, wherever that has its data', () => {
  assert.equal(keyOption('.data'), '-H @.data/auth-header');
  assert.equal(keyOption('/tmp/my data'), "-H @'/tmp/my data/auth-header'");
});
