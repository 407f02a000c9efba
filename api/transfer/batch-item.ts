/** An item of a batch, as a request has it: its schema, which the acceptance and the dry run of a batch share. */
import { z } from '@hono/zod-openapi';
import { currencyField, exampleReceiverId, referenceField, walletIdField } from '../http/fields.ts';
import { faultCode } from '../http/validation.ts';
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

export type BatchItem = z.output<typeof batchItem>;
