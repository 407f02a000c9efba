import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { transferId } from '../../domain/derived-id.ts';
import { DEFAULT_TENANT, type Tenant } from '../../domain/tenant.ts';
import { watchAnswers } from '../../nemesis/answer-watch.ts';
import { openBook, type Book } from '../../nemesis/book.ts';
import { compareTenants, type StoredOfTenants } from '../../nemesis/compare-tenants.ts';
import { drawsOf } from '../../nemesis/draws.ts';
import { createMemory } from '../../nemesis/memory.ts';
import { drawTask } from '../../nemesis/operations.ts';
import { collectViolations } from '../../nemesis/violations.ts';
import type { World } from '../../nemesis/world.ts';

const SECOND = 'second' as Tenant;
const uuid = (n: number): string => `00000000-0000-8000-8000-${String(n).padStart(12, '0')}`;
const [ALICE, BOB, THEIRS] = [uuid(1), uuid(2), uuid(3)];

/** After a transfer of the second tenant between its own wallets, and one of the default tenant. */
function stored(changes: Partial<StoredOfTenants> = {}): StoredOfTenants {
  return {
    rows: [
      { id: 'own', tenant: SECOND },
      { id: 'first', tenant: DEFAULT_TENANT },
    ],
    wallets: [
      { wallet: ALICE, tenant: SECOND },
      { wallet: BOB, tenant: SECOND },
      { wallet: THEIRS, tenant: DEFAULT_TENANT },
    ],
    ledger: [
      { movement: 'own', wallet: ALICE },
      { movement: 'own', wallet: BOB },
      { movement: 'first', wallet: THEIRS },
    ],
    ...changes,
  };
}

function bookOf(status: string): Book {
  const book = openBook(collectViolations());
  const terms = { amount: '5.0000', currency: 'USD' };
  const open = (id: string, from: string, to: string): void => {
    const moves = [{ id, movement: 'transfer', from, to, ...terms }] as const;
    book.open({ tenant: SECOND, key: id, kind: 'transfer', names: 'transfer', id, moves });
  };
  open('own', ALICE, BOB);
  open('across', ALICE, THEIRS);
  book.see('observer', 'own', { status: 'COMPLETED', failureReason: null, captured: '5.0000' }, 0);
  book.see('observer', 'across', { status, failureReason: null, captured: null }, 0);
  return book;
}

describe('the comparison of whose everything is with who has asked for it', () => {
  const differences = (changes: Partial<StoredOfTenants>, status = 'FAILED'): string[] => {
    const found: string[] = [];
    compareTenants(bookOf(status), stored(changes), (subject, detail) => found.push(`${subject}: ${detail}`));
    return found;
  };

  test('finds nothing where tenants have nothing of each other, and counts who has tried', () => {
    assert.deepEqual(differences({}), []);
    assert.equal(
      compareTenants(bookOf('FAILED'), stored(), () => {}),
      1,
    );
  });

  test('finds what is stored as another’s', () => {
    const rows = [{ id: 'own', tenant: DEFAULT_TENANT }];
    assert.deepEqual(differences({ rows }), ["own: second has asked for it, and it is stored as default's"]);
  });

  test('finds an entry in another’s wallet, also of a movement that has failed', () => {
    const ledger = [...stored().ledger, { movement: 'across', wallet: THEIRS }];
    assert.match(
      differences({ ledger }).join(),
      /^across: it was asked for by second, and has an entry in .*default's$/,
    );
  });

  test('finds a movement that names another’s wallet and was told to have moved', () => {
    assert.match(differences({}, 'COMPLETED').join(), /^across: it is COMPLETED, and names a wallet of another tenant/);
  });
});

describe('the watch of what tenants are answered', () => {
  const see = (...answers: [Tenant, url: string, body: string, answer: string][]): string[] => {
    const seen: string[] = [];
    const watch = watchAnswers(collectViolations(({ subject, detail }) => seen.push(`${subject} ${detail}`)));
    for (const [tenant, url, body, answer] of answers) {
      watch.ask(tenant, body);
      watch.see(tenant, { url, body }, answer);
    }
    return seen;
  };
  const made = [DEFAULT_TENANT, '/v1/wallets', '', `{"wallet_id":"${THEIRS}"}`] as const;

  test('lets each be shown its own, as often as it asks', () => {
    assert.deepEqual(
      see([...made], [DEFAULT_TENANT, '/v1/find?q=a', '', THEIRS], [SECOND, '/v1/wallets', '', ALICE]),
      [],
    );
  });

  test('finds an id that another was shown', () => {
    const expected = [`${THEIRS} it was shown to default, and then to second, which had not named it`];
    assert.deepEqual(see([...made], [SECOND, '/v1/events', '', THEIRS]), expected);
    const named = `{"receiver_wallet_id":"${THEIRS}"}`;
    assert.deepEqual(
      see([...made], [SECOND, '/v1/transfers', named, THEIRS], [SECOND, '/v1/wallets', '', THEIRS]),
      expected,
    );
  });

  test('lets what a tenant has named be repeated to it, by an answer or by its movement', () => {
    const named = `{"receiver_wallet_id":"${THEIRS}"}`;
    const asked = [SECOND, `/v1/wallets/${THEIRS}`, '', `/v1/wallets/${THEIRS}: not found`] as const;
    assert.deepEqual(
      see([...made], [...asked], [SECOND, '/v1/transfers', named, THEIRS], [SECOND, '/v1/transfers', '', THEIRS]),
      [],
    );
  });
});

describe('what the clients of two tenants ask for', () => {
  const world = (n: number, tenant: Tenant): World => ({
    tenant,
    hot: [uuid(n), uuid(n + 1)],
    cold: [uuid(n + 2), uuid(n + 3), uuid(n + 4)],
    ...{ shaky: uuid(n + 5), suspended: uuid(n + 6), poor: uuid(n + 7), limited: uuid(n + 8), euro: uuid(n + 9) },
    unknown: uuid(n + 10),
  });
  const draw = (tenant: Tenant) => {
    const [own, other] = tenant === SECOND ? [200, 100] : [100, 200];
    const { hot, cold } = world(other, tenant);
    const strangers = { wallets: [...hot, ...cold] as const, memory: createMemory() };
    return Array.from({ length: 1_500 }, (_, n) => {
      const scene = { key: `key-${n}`, draws: drawsOf(7, n), memory: createMemory(), leftMs: 60_000 };
      return drawTask({ ...scene, world: world(own, tenant), strangers });
    }).flatMap((task) => ('burst' in task ? task.burst : 'operation' in task ? [task.operation] : []));
  };

  test('has the same keys, and other ids', () => {
    const [first, second] = [draw(DEFAULT_TENANT), draw(SECOND)];
    const keys = new Map(first.map(({ asked }) => [asked.key, asked]));
    const both = second.filter(({ asked }) => keys.has(asked.key));
    assert.ok(both.length > 1_000);
    for (const { asked } of both) assert.notEqual(asked.id, keys.get(asked.key)!.id);
    for (const { asked } of second) assert.equal(asked.tenant, SECOND);
    const plain = second.find(({ asked }) => asked.kind === 'transfer')!.asked;
    assert.equal(plain.id, transferId(plain.key, SECOND));
  });

  test('is now and then from or to a wallet of the other, in every kind of movement', () => {
    const across = draw(SECOND).filter(({ asked }) => asked.moves.some(({ from, to }) => isFirst(from) || isFirst(to)));
    const kinds = new Set(across.map(({ asked }) => `${asked.kind} ${asked.names}`));
    for (const kind of ['transfer', 'transaction'])
      assert.ok(kinds.has(`refused: wallet of another tenant ${kind}`), [...kinds].join());
    assert.ok(kinds.has('hold transfer') && kinds.has('batch batch'), [...kinds].join());
  });

  const isFirst = (id: string | undefined): boolean => id !== undefined && /0001\d\d$/.test(id);
});
