/** The route of the dry run of a batch: what would be refused of it, and how much it would move. It stores nothing and asks no database. */
import { createRoute, OpenAPIHono, z } from '@hono/zod-openapi';
import type { AmountPrecision } from '../../domain/amount-precision.ts';
import { formatUnits, parseUnits } from '../../domain/money.ts';
import { BATCH_ITEMS_MAX } from '../../domain/transfer/batch.ts';
import type { ApiEnv } from '../http/env.ts';
import { amountAnswer } from '../http/fields.ts';
import type { Fault } from '../http/problem.ts';
import { BODY_PROBLEMS, problemResponses } from '../http/problem-schema.ts';
import { readJsonUpTo } from '../http/request-body.ts';
import { requiresInTenant } from '../http/scopes.ts';
import { bodyFaultsOf, faultCode } from '../http/validation.ts';
import { BATCH_BYTES_MAX, batchItem, ITEM_REFERENCE } from './batch-item.ts';
import { itemFaults } from './only-if-new.ts';

const FAULTY_ITEMS_MAX = 1_000;
const FAULTS_OF_ITEM_MAX = 5;

const trialRequest = z
  .strictObject(
    {
      items: z
        .array(z.unknown(), { error: faultCode('items_invalid') })
        .min(1, 'items_invalid')
        .max(BATCH_ITEMS_MAX, 'items_invalid')
        .openapi({ type: 'array', minItems: 1, maxItems: BATCH_ITEMS_MAX, items: { $ref: ITEM_REFERENCE } }),
    },
    { error: faultCode('body_invalid') },
  )
  .openapi('TransferBatchTrialRequest');

const trialAnswer = z
  .object({
    is_acceptable: z.boolean().openapi({ description: 'Whether the batch would be accepted as it is.' }),
    counts: z.object({ total: z.int(), faulty: z.int() }).openapi({ example: { total: 3, faulty: 1 } }),
    totals: z
      .array(z.object({ currency: z.string().openapi({ example: 'USD' }), items: z.int(), amount: amountAnswer }))
      .openapi({ description: 'Of the items without a fault, ordered by the currencies.' }),
    faults: z
      .array(
        z.object({
          index: z.int().openapi({ example: 7, description: 'The place of the item in the batch, from 0.' }),
          faults: z.array(z.object({ pointer: z.string(), code: z.string(), detail: z.string() })),
        }),
      )
      .openapi({
        description: `The first ${FAULTY_ITEMS_MAX} items that have a fault, each with its first ${FAULTS_OF_ITEM_MAX}.`,
        example: [
          {
            index: 7,
            faults: [{ pointer: '/items/7/amount', code: 'amount_not_positive', detail: 'Must be more than zero.' }],
          },
        ],
      }),
    is_cut: z.boolean().openapi({ description: 'Whether more items have a fault than are listed.' }),
  })
  .openapi('TransferBatchTrial');

const post = createRoute({
  method: 'post',
  path: '/v1/transfer-batches/dry-run',
  operationId: 'tryTransferBatch',
  summary: 'Look what would be refused of a batch, and how much it would move',
  tags: ['Batches'],
  description: `Judges every item as the batch would be judged, and lists all that have a fault, where a refused batch names the first few.
Nothing is stored and no money moves, so it needs no Idempotency-Key. Whether wallets exist and have the money is known only when it moves:
that is the result of each item. Whether a policy demands approvals for it is known once it is sent: it then waits.`,
  middleware: [requiresInTenant('transfers:write'), readJsonUpTo(BATCH_BYTES_MAX)] as const,
  request: { body: { required: true, content: { 'application/json': { schema: trialRequest } } } },
  responses: {
    200: { description: 'What would come of it.', content: { 'application/json': { schema: trialAnswer } } },
    ...problemResponses(...BODY_PROBLEMS, 'field_missing', 'items_invalid'),
  },
});

type Trial = z.input<typeof trialAnswer>;

export function batchTrialRoutes({ amountPrecision }: { readonly amountPrecision: AmountPrecision }) {
  return new OpenAPIHono<ApiEnv>().openapi(post, (c) => c.json(tried(c.req.valid('json').items, amountPrecision), 200));
}

function tried(items: readonly unknown[], precision: AmountPrecision): Trial {
  const faults: Trial['faults'] = [];
  const totals = new Map<string, { items: number; units: bigint }>();
  let faulty = 0;
  for (const [index, item] of items.entries()) {
    const judged = batchItem.safeParse(item);
    const found = judged.success
      ? itemFaults([judged.data], precision).map((fault) => atPlace(fault, index))
      : bodyFaultsOf(judged.error, ['items', index]);
    if (found.length > 0) {
      faulty += 1;
      if (faults.length < FAULTY_ITEMS_MAX)
        faults.push({ index, faults: found.slice(0, FAULTS_OF_ITEM_MAX).map(shown) });
    } else if (judged.success) {
      const { currency, amount } = judged.data;
      const sum = totals.get(currency) ?? { items: 0, units: 0n };
      totals.set(currency, { items: sum.items + 1, units: sum.units + parseUnits(amount) });
    }
  }
  return {
    is_acceptable: faulty === 0,
    counts: { total: items.length, faulty },
    totals: [...totals]
      .sort(([one], [other]) => (one < other ? -1 : 1))
      .map(([currency, { items: count, units }]) => ({ currency, items: count, amount: formatUnits(units) })),
    faults,
    is_cut: faulty > faults.length,
  };
}

/** Judged as the only item, it has the first place. */
function atPlace(fault: Fault, index: number): Fault {
  return 'pointer' in fault ? { ...fault, pointer: fault.pointer.replace('/items/0', `/items/${index}`) } : fault;
}

function shown(fault: Fault): Trial['faults'][number]['faults'][number] {
  return { pointer: 'pointer' in fault ? fault.pointer : '', code: fault.code, detail: fault.detail };
}
