/**
 * The body of a movement's row, by its hash (hex), as far as who asks knows it. A row that was lost, and whose key has come
 * back with another body, is another movement: what is known of the first is not to be written into it.
 */
import { sql, type SQL } from 'drizzle-orm';

/** The condition, after others, that a row has this body. */
export function andBody(bodyHash: string | undefined): SQL {
  return bodyHash === undefined ? sql`` : sql`AND body_hash = decode(${bodyHash}, 'hex')`;
}

export function isBody(row: { readonly bodyHash: string }, bodyHash: string | undefined): boolean {
  return bodyHash === undefined || row.bodyHash === bodyHash;
}
