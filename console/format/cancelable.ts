/** Whether the API would cancel an order. */
interface OrderLike {
  readonly status: string;
  readonly consignments: readonly { readonly goods: string }[];
}

/** There are no consignments before the confirmation. Once all have left or are back, the API refuses. */
export function isCancelable({ status, consignments }: OrderLike): boolean {
  const canBeReleased = consignments.length === 0 || consignments.some(({ goods }) => goods === 'RESERVED');
  return canBeReleased && (status === 'PENDING' || status === 'CONFIRMED');
}
