/** The id of the workflow that moves something, by the kind of it. */
interface TransferLike {
  readonly transfer_id: string;
  readonly status: string;
  readonly batch_id: string | null;
  readonly group_id: string | null;
}

/** Undefined as long as it waits for a second person: nothing is started before. */
export function workflowOfTransfer({ transfer_id, status, batch_id, group_id }: TransferLike): string | undefined {
  if (status === 'AWAITING_APPROVAL') return undefined;
  if (batch_id !== null) return `batch/${batch_id}`;
  return group_id === null ? `transfer/${transfer_id}` : `group/${group_id}`;
}
