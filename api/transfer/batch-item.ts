/** An item of a batch, as a request has it: its schema, which the acceptance and the dry run of a batch share. */
import { z } from '@hono/zod-openapi';
import { currencyField, exampleReceiverId, referenceField, walletIdField } from '../http/fields.ts';
import { FAULTS_MAX, faultCode } from '../http/validation.ts';
import { transferAmountField } from './movement.ts';

/** Ten thousand items with references of some hundred characters. */
export const BATCH_BYTES_MAX = 16 * 1024 * 1024;

/** The name by which the document refers to the items' schema: an item is parsed only once the items have been counted. */
export const ITEM_SCHEMA = 'TransferBatchItemRequest';
export const ITEM_REFERENCE = `#/components/schemas/${ITEM_SCHEMA}`;

export const batchItem = z
  .strictObject(
    {
      sender_wallet_id: walletIdField,
      receiver_wallet_id: walletIdField.openapi({ example: exampleReceiverId }),
      amount: transferAmountField,
      currency: currencyField,
      reference: referenceField,
    },
    { error: faultCode('item_invalid') },
  )
  .refine((item) => item.sender_wallet_id !== item.receiver_wallet_id, {
    error: 'same_wallet',
    path: ['receiver_wallet_id'],
  })
  .openapi(ITEM_SCHEMA);

type BatchItem = z.output<typeof batchItem>;

/** Stops at as many faults as an answer lists: to judge ten thousand wrong items costs more than the thirty kilobytes they fill. */
export function judgeItems(items: unknown[], context: z.RefinementCtx<unknown[]>): BatchItem[] {
  const judged: BatchItem[] = [];
  for (const [index, item] of items.entries()) {
    if (context.issues.length >= FAULTS_MAX) break;
    const result = batchItem.safeParse(item);
    if (result.success) judged.push(result.data);
    else {
      for (const issue of result.error.issues)
        context.issues.push({ ...issue, path: [index, ...issue.path], input: item } as z.core.$ZodRawIssue);
    }
  }
  return judged;
}
