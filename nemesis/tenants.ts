/**
 * The tenants of a run: the default one, and, unless the run says that it has none, a second one that is made over the API. Each has a key,
 * wallets and clients of its own; their users, the keys of their requests and what these ask for are the same.
 */
import { createClient, type Client } from '../client/client.ts';
import { readApiKey } from '../dev/api-key-file.ts';
import { DEFAULT_TENANT, type Tenant } from '../domain/tenant.ts';
import { watchAnswers } from './answer-watch.ts';
import type { Book, RecentMovement } from './book.ts';
import { createClients, type Clients } from './clients.ts';
import type { Draws } from './draws.ts';
import { createMemory, type Memory } from './memory.ts';
import type { Stack } from './stack.ts';
import type { Strangers } from './strangers.ts';
import { sumOf } from './tally.ts';
import type { Violations } from './violations.ts';
import { makeWorld, type World } from './world.ts';

export const SECOND_TENANT = 'second' as Tenant;

/** One tenant of a run. */
export interface Side {
  readonly tenant: Tenant;
  /** Tries each call once. */
  readonly api: Client;
  readonly patientApi: Client;
  readonly world: World;
  readonly clients: Clients;
}

/** A side before it has clients. */
type Cast = Omit<Side, 'clients'> & { readonly memory: Memory };

export interface Tenants {
  readonly first: Side;
  /** The first one, and the second one if there is one. */
  readonly all: readonly Side[];
  /** The client of whoever has asked for a movement that is in the book. */
  readonly apiOf: (id: string) => Client;
  /** Lets the clients of all tenants work; see Clients. */
  readonly run: (draws: Draws, untilMs: number, signal: AbortSignal) => Promise<void>;
  readonly finish: (draws: Draws, signal: AbortSignal) => Promise<void>;
  /** Movements that were accepted lately; those of the second tenant last. */
  readonly recent: () => readonly RecentMovement[];
  /** The number of requests by their answer. */
  readonly told: () => Readonly<Record<string, number>>;
}

interface Surroundings {
  readonly stack: Stack;
  readonly book: Book;
  readonly violations: Violations;
}

interface Options {
  readonly hasOrders?: boolean | undefined;
  readonly hasTenants?: boolean | undefined;
  /** Clients of all tenants together. */
  readonly clientsAtOnce?: number | undefined;
}

const API_TIMEOUT_MS = 15_000;
const CLIENTS = { all: 12, ofSecond: 2 };
/** As many as its share of the clients, about, of those that faults draw from. */
const RECENT_OF_SECOND = 5;

export async function openTenants(
  surroundings: Surroundings,
  draws: Draws,
  { hasOrders = true, hasTenants = true, clientsAtOnce = CLIENTS.all }: Options,
): Promise<Tenants> {
  const { stack, book, violations } = surroundings;
  const watch = watchAnswers(violations);
  const root = { baseUrl: stack.api, apiKey: readApiKey(stack.dataDir), timeoutMs: API_TIMEOUT_MS };
  const callersOf = (tenant: Tenant, apiKey: string | undefined) => {
    const called = { ...root, apiKey, fetch: watch.fetchOf(tenant) };
    return { api: createClient({ ...called, attemptsMax: 1 }), patientApi: createClient(called) };
  };
  const callers = callersOf(DEFAULT_TENANT, root.apiKey);
  const world = await makeWorld(callers.patientApi, book, draws.of('world'), { hasOrders });
  const first = { tenant: DEFAULT_TENANT, ...callers, world, memory: createMemory() };
  const withClients = (side: Cast, other?: Cast): Side => {
    const strangers = other && strangersOf(other);
    return { ...side, clients: createClients({ ...side, book, strangers, violations }) };
  };
  if (!hasTenants) return together(book, [withClients(first)], [clientsAtOnce]);
  // Who makes a tenant is shown the key of its root, which that tenant is shown too: so this is not watched.
  const second = await makeSecond(createClient(root), callersOf, book, draws, hasOrders);
  const all = [withClients(first, second), withClients(second, first)] as const;
  return together(book, all, [Math.max(clientsAtOnce - CLIENTS.ofSecond, 1), CLIENTS.ofSecond]);
}

async function makeSecond(
  maker: Client,
  callersOf: (tenant: Tenant, apiKey: string) => Pick<Side, 'api' | 'patientApi'>,
  book: Book,
  draws: Draws,
  hasOrders: boolean,
): Promise<Cast> {
  const tenant = SECOND_TENANT;
  const { root_key } = await maker.tenants.create(tenant);
  const callers = callersOf(tenant, root_key.secret!);
  const world = await makeWorld(callers.patientApi, book, draws.of('world'), { size: 'small', tenant, hasOrders });
  return { tenant, ...callers, world, memory: createMemory() };
}

function strangersOf({ world: { hot, cold, shaky, shop }, memory }: Cast): Strangers {
  return { wallets: [...hot, ...cold, shaky, ...(shop?.sellers ?? [])], memory };
}

/** `atOnce` are the numbers of clients of each. */
function together(book: Book, all: readonly [Side, ...Side[]], atOnce: readonly number[]): Tenants {
  const [first] = all;
  return {
    first,
    all,
    apiOf: (id) => (all.find(({ tenant }) => tenant === book.tenantOf(id)) ?? first).api,
    // By the same draws, so that both send the same under the same keys.
    async run(draws, untilMs, signal) {
      await Promise.all(all.map(({ clients }, n) => clients.run(draws, untilMs, signal, atOnce[n])));
    },
    async finish(draws, signal) {
      await Promise.all(all.map(({ tenant, clients }) => clients.finish(draws.of(tenant), signal)));
    },
    recent: () => [
      ...first.clients.memory.recent(),
      ...all.slice(1).flatMap(({ clients }) => clients.memory.recent().slice(-RECENT_OF_SECOND)),
    ],
    told: () => sumOf(all.map(({ clients }) => clients.told())),
  };
}
