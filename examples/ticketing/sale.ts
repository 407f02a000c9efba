/** What is sold: the input of the saga, from which alone everything that it asks for follows. */

export interface Sale {
  /** Names the saga, its payment and its ticket. */
  readonly saleId: string;
  readonly showId: string;
  readonly buyerWalletId: string;
  readonly venueWalletId: string;
  readonly price: string;
}

export const TASK_QUEUE = 'ticketing';
