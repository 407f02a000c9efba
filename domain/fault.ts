/** Returns what the driver threw: drizzle-orm wraps it in an error whose message repeats the query with its parameters. */
export function faultOf(error: unknown): unknown {
  return error instanceof Error && error.cause instanceof Error ? error.cause : error;
}
