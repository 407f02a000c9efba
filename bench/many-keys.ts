/**
 * `npm run bench:many-keys`: whether authentication costs the same with a million API keys as with ten. Fills databases of its own and
 * asks both in turns, so that other load on the machine affects both alike: a request with a key that the process knows, one with a key that
 * it has to look up, and the poll for changed keys. The statement of the look-up alone, and the same request without authentication, are told
 * beside them, and are no goals: the difference to a request with a known key is what authentication costs a transfer. `--keys N` makes the large one smaller; `--json`: one object on the last line. Exits 1 if one of the rates falls below 0.9.
 */
import pg from 'pg';
import { readFlags, wholeNumber } from '../commands/arguments.ts';
import { exitCodeFor, isExplained } from '../commands/exit.ts';
import { keyChanges, lookUpKey } from '../db/access/look-up.ts';
import { EXIT } from '../process/exit-code.ts';
import {
  hashOf,
  installRoot,
  openProcess,
  openWithoutAuthentication,
  ROOT,
  secretOf,
  type ApiProcess,
} from '../test/database/access.ts';
import { startCluster, type TestCluster, type TestDatabase } from '../test/database/database.ts';
import { inTwoSizes, ROUNDS, WARM_UP_ROUNDS } from './two-sizes.ts';

const USAGE = 'Usage: npm run bench:many-keys -- [--keys N] [--json]';
const FEW = 10;
const RATIO_MIN = 0.9;
/** Of the same work, one after the other: a single one is too short to be timed. */
const TIMES = 100;
const SECRETS_MAX = (WARM_UP_ROUNDS + ROUNDS) * TIMES;
/** It has passed authentication when it is refused, and costs little else. */
const NO_TRANSFER = '/v1/transfers/none';
const FAULTY = 422;
const LOOK_UP_ALONE = 'the look-up, the statement alone';
const WITHOUT_AUTHENTICATION = 'a request without authentication';
const ONLY_TOLD: ReadonlySet<string> = new Set([LOOK_UP_ALONE, WITHOUT_AUTHENTICATION]);

interface Store extends TestDatabase {
  /** Of keys that are spread evenly over the table. */
  readonly secrets: readonly string[];
  readonly api: ApiProcess;
  /** A process that forgets each key as soon as it sees the next one. */
  readonly forgetful: ApiProcess;
}

const flags = readArguments();
const many = wholeNumber('--keys', flags.keys ?? '1000000', { min: FEW, max: 1e8, usage: USAGE });
const say = (text: string): void => void (flags.json ? process.stderr : process.stdout).write(`${text}\n`);

function readArguments() {
  try {
    return readFlags({ json: { type: 'boolean' }, keys: { type: 'string' } }, USAGE);
  } catch (error) {
    console.error(isExplained(error) ? error.message : error);
    process.exit(exitCodeFor(error));
  }
}

async function filledStore(cluster: TestCluster, keys: number): Promise<Store> {
  const startedAt = performance.now();
  const store = await cluster.createAccessStore();
  const secrets = Array.from({ length: Math.min(keys, SECRETS_MAX) }, secretOf);
  await installRoot(store);
  const client = new pg.Client({ connectionString: store.adminUrl });
  await client.connect();
  await client.query(
    `WITH named AS (INSERT INTO principals (tenant, kind, name) VALUES ('default', 'service', 'bench') RETURNING principal_id)
     INSERT INTO api_keys (tenant, principal_id, name, key_hash, hint, scopes, expires_at)
     SELECT 'default', principal_id, 'bench', coalesce(CASE WHEN n % $3::int = 0 THEN decode(($2::text[])[n / $3::int + 1], 'hex') END,
         sha256(n::text::bytea)), 'cpk_', ARRAY['transfers:read'], now() + interval '90 days'
     FROM named, generate_series(0, $1::int - 1) n`,
    [keys, secrets.map(hashOf), Math.floor(keys / secrets.length)],
  );
  await client.query('VACUUM (ANALYZE)');
  await client.query('CHECKPOINT');
  await client.end();
  say(`filled with ${keys} keys (${((performance.now() - startedAt) / 1_000).toFixed(0)} s)`);
  return { ...store, secrets, api: openProcess(cluster, store), forgetful: openProcess(cluster, store, 1) };
}

const askOpenly = openWithoutAuthentication();

type Work = (store: Store, n: number) => Promise<boolean>;

/** Each returns whether it has found what it asked for. */
const WORK: Readonly<Record<string, Work>> = {
  'a request with a known key': async ({ api }) => (await api.ask(ROOT, 'GET', NO_TRANSFER)).status === FAULTY,
  'a request with a key that is looked up': async ({ forgetful, secrets }, n) =>
    (await forgetful.ask(secrets[n % secrets.length], 'GET', NO_TRANSFER)).status === FAULTY,
  [WITHOUT_AUTHENTICATION]: async () => (await askOpenly(undefined, 'GET', NO_TRANSFER)).status === FAULTY,
  [LOOK_UP_ALONE]: async ({ service, secrets }, n) =>
    (await lookUpKey(service, Buffer.from(hashOf(secrets[n % secrets.length]!), 'hex'))) !== undefined,
  'a poll for changes': async ({ service }) => (await keyChanges(service, 0)).hashes !== undefined,
};

async function timed(work: Work, store: Store, round: number): Promise<number> {
  const startedAt = performance.now();
  for (let n = 0; n < TIMES; n += 1) if (!(await work(store, round * TIMES + n))) throw new Error('it was not found');
  return (performance.now() - startedAt) / TIMES;
}

const cluster = await startCluster();
const stores: Store[] = [];
try {
  stores.push(await filledStore(cluster, FEW), await filledStore(cluster, many));
  const [few, large] = stores as [Store, Store];
  say(`| milliseconds of | ${FEW} keys | ${many} keys | rate, many to few |\n|---|---|---|---|`);
  const ratios: Record<string, number> = {};
  for (const [name, work] of Object.entries(WORK)) {
    const { smallMs, largeMs, ratio } = await inTwoSizes(few, large, (store, round) => timed(work, store, round));
    ratios[name] = ratio;
    say(`| ${name} | ${smallMs.toFixed(3)} | ${largeMs.toFixed(3)} | ${ratio.toFixed(2)} |`);
  }
  const ok = Object.entries(ratios).every(([name, ratio]) => ONLY_TOLD.has(name) || ratio >= RATIO_MIN);
  if (flags.json) console.log(JSON.stringify({ ok, ratioMin: RATIO_MIN, keys: [FEW, many], ratios }));
  process.exitCode = ok ? EXIT.ok : EXIT.failed;
} finally {
  for (const { api, forgetful } of stores) for (const { authenticator } of [api, forgetful]) authenticator.stop();
  await cluster.stop();
}
