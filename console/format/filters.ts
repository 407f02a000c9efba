/** Filters as the address has them, and as the API takes them. */
export const TRANSFER_STATUSES = [
  'AWAITING_APPROVAL',
  'SCHEDULED',
  'PENDING',
  'DEBITED',
  'COMPLETED',
  'FAILED',
  'CANCELED',
] as const;

type Given = Readonly<Record<string, string | number | undefined>>;

/** `metadata=order_id=42` of the address as the pair that the API takes; what has no value is left to the API to refuse. */
export function metadataIn({ metadata, ...rest }: Given): object {
  if (typeof metadata !== 'string') return rest;
  const [, key = metadata, value = ''] = /^([^=]*)=(.*)$/s.exec(metadata) ?? [];
  return { ...rest, metadata: { [key]: value } };
}
