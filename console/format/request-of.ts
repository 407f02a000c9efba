/** What was asked for, as the body of the request would say it; what it left out is left out. */
interface Terms {
  readonly sender_wallet_id: string;
  readonly receiver_wallet_id: string;
  readonly amount: string;
  readonly currency: string;
  readonly reference: string | null;
  readonly capture_method: string;
  readonly scheduled_at: string | null;
  readonly metadata: Readonly<Record<string, string>>;
}

export function requestOf(terms: Terms): Partial<Terms> {
  const { sender_wallet_id, receiver_wallet_id, amount, currency, reference, capture_method, scheduled_at, metadata } =
    terms;
  return {
    ...{ sender_wallet_id, receiver_wallet_id, amount, currency },
    ...(reference === null ? {} : { reference }),
    ...(capture_method === 'automatic' ? {} : { capture_method }),
    ...(scheduled_at === null ? {} : { scheduled_at }),
    ...(Object.keys(metadata).length === 0 ? {} : { metadata }),
  };
}
