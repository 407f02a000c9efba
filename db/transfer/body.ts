/**
 * Conditions on the body of a movement's row, by its hash (hex), if the caller knows it. If a row was lost and its key has come
 * back with another body, the new row is another movement, and nothing that is known of the first may be written into it.
 */
import { sql, type SQL } from 'drizzle-orm';

/** The condition, to be appended to others, that a row has this body; empty if the hash is undefined. */
export function andBody(bodyHash: string | undefined): SQL {
  return bodyHash === undefined ? sql`` : sql`AND body_hash = decode(${bodyHash}, 'hex')`;
}

export function isBody(row: { readonly bodyHash: string }, bodyHash: string | undefined): boolean {
  return bodyHash === undefined || row.bodyHash === bodyHash;
}
