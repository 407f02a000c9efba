/**
 * A transfer whose sender was paid by the outside world, since nobody could say whether the money had arrived at the receiver. Its
 * status does not tell: the fence of the advance does.
 */
interface SagaLike {
  readonly lanes: readonly {
    readonly legs: readonly {
      readonly leg: string;
      readonly verdict: { readonly outcome: string; readonly at: string } | null;
      readonly amount: string | null;
    }[];
  }[];
}

export interface Advance {
  readonly amount: string;
  readonly at: string;
}

/** Undefined if the sender was not paid in advance. */
export function advanceOf({ lanes }: SagaLike, asked: { readonly amount: string }): Advance | undefined {
  const leg = lanes.flatMap(({ legs }) => legs).find(({ leg: name }) => name === 'advance');
  return leg?.verdict?.outcome === 'applied' ? { amount: leg.amount ?? asked.amount, at: leg.verdict.at } : undefined;
}

/** The sender needs no second refund, and nothing is written off before the receiver's database has said what it has. */
export function afterAdvance<Action extends { readonly title: string }>(
  actions: readonly Action[],
  advance: Advance | undefined,
): readonly Action[] {
  return advance === undefined ? actions : actions.filter(({ title }) => title === 'Try again now');
}
