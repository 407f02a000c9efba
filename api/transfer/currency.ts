/** The route of currencies: it lists them, and how fine the amounts of movements in each may be. */
import { createRoute, OpenAPIHono, z } from '@hono/zod-openapi';
import { decimalsMax, type AmountPrecision } from '../../domain/amount-precision.ts';
import { CURRENCIES, minorUnits } from '../../domain/currency.ts';
import type { ApiEnv } from '../http/env.ts';
import { problemResponses } from '../http/problem-schema.ts';

const currencyAnswer = z
  .object({
    code: z.string().openapi({ example: 'JPY', description: 'ISO 4217.' }),
    minor_units: z.int().openapi({ example: 0, description: 'How many decimals an amount has that can be paid out.' }),
    transaction_decimals_max: z.int().openapi({ example: 0, description: 'Of money that comes in or goes out.' }),
    transfer_decimals_max: z.int().openapi({ example: 0, description: 'Of money that moves between two wallets.' }),
  })
  .openapi('Currency');

const list = createRoute({
  method: 'get',
  path: '/v1/currencies',
  operationId: 'listCurrencies',
  summary: 'The currencies, and how fine amounts in them may be',
  tags: ['Currencies'],
  description: `All of them, by their codes. An amount with more decimals than its kind of movement may have is refused with
\`amount_too_precise\`; zeros at the end do not count, so that what is answered as \`5.0000\` JPY can be sent as it is. What moved
before under another setting stays, and all that is left of it can be captured and given back.`,
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
