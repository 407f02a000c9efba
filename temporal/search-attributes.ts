/**
 * The registration of the workflows' search attributes, and the check that they are there: without them a start fails and an upsert
 * hangs its workflow.
 */
import type { Client } from '@temporalio/client';
import { SearchAttributeType } from '@temporalio/common';
import { searchAttributes } from '../workflows/transfer/messages.ts';

/** temporal.api.enums.v1.IndexedValueType */
const INDEXED_VALUE_TYPE: Partial<Record<SearchAttributeType, number>> = {
  [SearchAttributeType.KEYWORD]: 2,
  [SearchAttributeType.BOOL]: 5,
  [SearchAttributeType.KEYWORD_LIST]: 7,
};

/** Adds the search attributes that the namespace does not have yet. A repeat changes nothing. */
export async function registerSearchAttributes(client: Client): Promise<void> {
  const missing = await missingSearchAttributes(client);
  if (missing.length > 0) await addSearchAttributes(client, missing);
}

/** Adds the search attributes of these names, which the namespace must not have. */
export async function addSearchAttributes(
  client: Client,
  names: readonly string[] = Object.values(searchAttributes).map(({ name }) => name),
): Promise<void> {
  await client.connection.operatorService.addSearchAttributes({
    namespace: client.options.namespace,
    searchAttributes: Object.fromEntries(
      Object.values(searchAttributes)
        .filter(({ name }) => names.includes(name))
        .map(({ name, type }) => [name, INDEXED_VALUE_TYPE[type]!]),
    ),
  });
}

/** The names of our search attributes that the namespace does not have. */
export async function missingSearchAttributes(client: Client): Promise<string[]> {
  const { customAttributes } = await client.connection.operatorService.listSearchAttributes({
    namespace: client.options.namespace,
  });
  return Object.values(searchAttributes)
    .map(({ name }) => name)
    .filter((name) => !(name in (customAttributes ?? {})));
}
