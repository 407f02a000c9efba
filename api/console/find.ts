/** The route that finds anything by any id or name: each service is asked for what its indexes lead to, and nothing is searched. */
import { createRoute, OpenAPIHono, z } from '@hono/zod-openapi';
import type { Database } from '../../db/database.ts';
import type { Scope } from '../../domain/access/scopes.ts';
import { FOUND_MAX, FOUND_TYPES, WAYS_OF_MATCHING, type Found, type FoundType } from '../../domain/found.ts';
import type { Tenant } from '../../domain/tenant.ts';
import type { WalletSight } from '../../domain/wallet/sight.ts';
import { findKeysByName } from '../access/find.ts';
import { findEventAt } from '../events/find.ts';
import { findIn } from '../find-by-id.ts';
import type { ApiEnv } from '../http/env.ts';
import { instantAnswer, textField } from '../http/fields.ts';
import { problemResponses } from '../http/problem-schema.ts';
import { requiresInTenant } from '../http/scopes.ts';
import type { OrderDatabases } from '../order-routes.ts';
import { findOrdersById, findProductBySku } from '../order/find.ts';
import { findMovementsBy, findTransfersById } from '../transfer/find.ts';
import { createSources } from './sources.ts';

interface FindDeps {
  /** The transfer service's. */
  readonly database: Database;
  readonly eventsDatabase: Database;
  readonly accessDatabase: Database | undefined;
  readonly orders: OrderDatabases | undefined;
  readonly sight: Pick<WalletSight, 'find'>;
}

const SOURCES = [
  'transfers',
  'cases',
  'wallets',
  'orders',
  'delivery',
  'accounting',
  'events',
  'webhooks',
  'access',
] as const;
type Source = (typeof SOURCES)[number];

/** What a key needs to be told of what each source finds. */
const SCOPE_OF: Readonly<Record<Source, Scope>> = {
  ...{ transfers: 'transfers:read', cases: 'cases:read', wallets: 'wallets:read' },
  ...{ orders: 'orders:read', delivery: 'orders:read', accounting: 'orders:read' },
  ...{ events: 'events:read', webhooks: 'webhooks:read', access: 'keys:read' },
};

const foundAnswer = z
  .object({
    q: z.string().openapi({ example: 'Invoice 2026-0042' }),
    data: z
      .array(
        z.object({
          type: z.enum(FOUND_TYPES),
          id: z.string(),
          matched: z.enum(WAYS_OF_MATCHING),
          label: z.string().openapi({ example: '25.0000 USD', description: 'One line for people.' }),
          status: z.string().nullable().openapi({ example: 'COMPLETED' }),
          at: instantAnswer.nullable(),
          path: z.string().openapi({ example: '/v1/transfers/5b3a9d51-0c7e-8f42-b8d1-6e2f4a7c9d10' }),
        }),
      )
      .openapi({ description: `At most ${FOUND_MAX} of each type and way of matching, the newest of each first.` }),
    is_cut: z.boolean().openapi({
      description:
        'Whether there are more of some type, or may be, because looking for them was given up: its list has the same filter, and goes on.',
    }),
    sources: z.record(z.string(), z.enum(['ok', 'unavailable', 'not_configured', 'not_allowed'])).openapi({
      example: { transfers: 'ok', wallets: 'ok', access: 'not_allowed' },
      description: 'Those that were asked, and those that could have been. `not_allowed`: the key lacks their scope.',
    }),
  })
  .openapi('FoundThings');

const get = createRoute({
  method: 'get',
  path: '/v1/find',
  operationId: 'find',
  summary: 'Find anything by its id or name',
  tags: ['Overview'],
  description: `\`q\` is any id, also as in \`transfer/<id>\` or \`evt_<position>\`; a reference; \`key=value\` of metadata; a user id; a SKU; the
name of a principal or of a key; or the position of an event. All of them are looked up at once, each by an index. A key is shown what its scopes let it read. A source that does
not answer in time is named in \`sources\`.`,
  middleware: requiresInTenant('transfers:read'),
  request: {
    query: z.strictObject({
      q: textField(600).refine((text) => text.trim() !== '', 'too_short'),
    }),
  },
  responses: {
    200: { description: 'What was found; often nothing.', content: { 'application/json': { schema: foundAnswer } } },
    ...problemResponses('field_missing', 'text_invalid', 'too_short', 'too_long', 'unknown_parameter'),
  },
});

type Question = () => Promise<Found[]>;

export function findRoutes(deps: FindDeps) {
  return new OpenAPIHono<ApiEnv>().openapi(get, async (c) => {
    const { q } = c.req.valid('query');
    const { scopes, tenant } = c.var.holder;
    const sources = createSources<Source, 'not_configured' | 'not_allowed'>(c.var.log);
    let isStopped = false;
    const noteStop = () => {
      isStopped = true;
    };
    const found = await Promise.all(
      SOURCES.map(async (source) => {
        const questions = questionsFor(deps, tenant, source, q.trim(), noteStop);
        if (questions === undefined) sources.note(source, 'not_configured');
        else if (!scopes.includes(SCOPE_OF[source])) sources.note(source, 'not_allowed');
        else if (questions.length > 0)
          return (
            (await sources.ask(source, async () => (await Promise.all(questions.map((ask) => ask()))).flat())) ?? []
          );
        return [];
      }),
    );
    const groups = [...Map.groupBy(found.flat(), ({ type, matched }) => `${type} ${matched}`).values()];
    const data = groups.flatMap((group) => group.sort(newestFirst).slice(0, FOUND_MAX));
    return c.json(
      {
        q,
        data: data.map((each) => ({ ...each, path: pathOf(each) })),
        is_cut: isStopped || groups.some((group) => group.length > FOUND_MAX),
        sources: sources.states(),
      },
      200,
    );
  });
}

const UUID = /(?:^|\/)([0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12})$/i;
const POSITION = /^(?:evt_)?([1-9]\d{0,14})$/;
const SKU = /^[\w.-]{1,64}$/;
const REFERENCE_CHARACTERS_MAX = 255;
const NAME_CHARACTERS_MAX = 100;

/** What a source is asked, and `noteStop` told of what it gave up; undefined where the installation does not have it. */
function questionsFor(
  deps: FindDeps,
  tenant: Tenant,
  source: Source,
  text: string,
  noteStop: () => void,
): Question[] | undefined {
  const { database, eventsDatabase, accessDatabase, orders, sight } = deps;
  const id = UUID.exec(text)?.[1]?.toLowerCase();
  const byId = (ask: (id: string) => Promise<Found[]>): Question[] => (id === undefined ? [] : [() => ask(id)]);
  const movements = (wanted: Parameters<typeof findMovementsBy>[2]) => async (): Promise<Found[]> => {
    const { found, isStopped } = await findMovementsBy(database, tenant, wanted);
    if (isStopped) noteStop();
    return found;
  };
  const isCase = ({ type }: Found): boolean => type === 'case' || type === 'reconciliation_run';
  switch (source) {
    case 'transfers':
      return [
        ...byId(async (of) => (await findTransfersById(database, tenant, of)).filter((each) => !isCase(each))),
        ...(text.length <= REFERENCE_CHARACTERS_MAX ? [movements({ reference: text })] : []),
        ...metadataIn(text).map((metadata) => movements({ metadata })),
      ];
    case 'cases':
      return byId(async (of) => (await findTransfersById(database, tenant, of)).filter(isCase));
    case 'wallets':
      return [
        ...byId((of) => sight.find.byId(tenant, of)),
        ...(text.length <= REFERENCE_CHARACTERS_MAX ? [() => sight.find.byUser(tenant, text)] : []),
      ];
    case 'orders':
      return (
        orders && [
          ...byId((of) => findOrdersById(orders.order, tenant, of)),
          ...(SKU.test(text) ? [() => findProductBySku(orders.order, tenant, text)] : []),
        ]
      );
    case 'delivery':
    case 'accounting':
      return orders && byId((of) => findIn(source, orders[source], tenant, of));
    case 'events': {
      const position = POSITION.exec(text)?.[1];
      return position === undefined ? [] : [() => findEventAt(eventsDatabase, tenant, Number(position))];
    }
    case 'webhooks':
      return byId((of) => findIn('webhooks', eventsDatabase, tenant, of));
    case 'access':
      return (
        accessDatabase && [
          ...byId((of) => findIn('access', accessDatabase, tenant, of)),
          ...(text.length <= NAME_CHARACTERS_MAX ? [() => findKeysByName(accessDatabase, tenant, text)] : []),
        ]
      );
  }
}

function metadataIn(text: string): { readonly key: string; readonly value: string }[] {
  const at = text.indexOf('=');
  return at < 1 || at > 40 || at === text.length - 1 ? [] : [{ key: text.slice(0, at), value: text.slice(at + 1) }];
}

const FOLDER_OF: Readonly<Record<FoundType, string>> = {
  ...{ transfer: 'transfers', transaction: 'transactions', batch: 'transfer-batches' },
  ...{ recurring_transfer: 'recurring-transfers', case: 'cases', reconciliation_run: 'reconciliation-runs' },
  ...{ wallet: 'wallets', order: 'orders', order_case: 'order-cases', return: 'returns', product: 'products' },
  ...{ shipment: 'shipments', invoice: 'invoices', credit_note: 'credit-notes', journal: 'journals' },
  ...{ event: 'events', webhook_endpoint: 'webhook-endpoints', principal: 'principals', api_key: 'api-keys' },
};

/** The route of the thing itself, or of its list where it has none of its own. */
function pathOf({ type, id }: Found): string {
  const folder = `/v1/${FOLDER_OF[type]}`;
  return type === 'journal' || type === 'credit_note' ? folder : `${folder}/${encodeURIComponent(id)}`;
}

function newestFirst(one: Found, other: Found): number {
  const [first, second] = [one.at ?? '', other.at ?? ''];
  return first === second ? 0 : first < second ? 1 : -1;
}
