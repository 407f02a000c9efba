/** The route of currencies: it lists them, and how fine the amounts of movements in each may be. */
import { createRoute, OpenAPIHono, z } from '@hono/zod-openapi';
import { decimalsMax, type AmountPrecision } from '../../domain/amount-precision.ts';
import { CURRENCIES, minorUnits } from '../../domain/currency.ts';
import type { ApiEnv } from '../http/env.ts';
import { problemResponses } from '../http/problem-schema.ts';
import { requiresInTenant } from '../http/scopes.ts';

const currencyAnswer = z
  .object({
    code: z.string().openapi({ example: 'JPY', description: 'ISO 4217.' }),
    minor_units: z
      .int()
      .openapi({ example: 0, description: 'The number of decimals of the smallest amount that can be paid out.' }),
    transaction_decimals_max: z
      .int()
      .openapi({ example: 0, description: 'The most decimals that the amount of a transaction may have.' }),
    transfer_decimals_max: z
      .int()
      .openapi({ example: 0, description: 'The most decimals that the amount of a transfer may have.' }),
  })
  .openapi('Currency');

const list = createRoute({
  method: 'get',
  path: '/v1/currencies',
  operationId: 'listCurrencies',
  summary: 'The currencies, and how many decimals amounts in them may have',
  tags: ['Currencies'],
  description: `All currencies, ordered by their codes. An amount with more decimals than its kind of movement may have is refused
with \`amount_too_precise\`. Zeros at the end do not count, so \`5.0000\` JPY, as it stands in an answer, can be sent back. Money
that moved under another setting stays as it is, and all that is left of it can still be captured and given back.`,
  middleware: requiresInTenant('transfers:read'),
  responses: {
    200: {
      description: 'The currencies.',
      content: { 'application/json': { schema: z.object({ data: z.array(currencyAnswer) }) } },
    },
    ...problemResponses(),
  },
});

export function currencyRoutes({ amountPrecision }: { readonly amountPrecision: AmountPrecision }) {
  const data = CURRENCIES.map((code) => ({
    code,
    minor_units: minorUnits(code),
    transaction_decimals_max: decimalsMax(code, 'outside', amountPrecision),
    transfer_decimals_max: decimalsMax(code, 'between_wallets', amountPrecision),
  }));
  return new OpenAPIHono<ApiEnv>().openapi(list, (c) => c.json({ data }, 200));
}
