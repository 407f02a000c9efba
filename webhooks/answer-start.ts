/** The beginning of an answer's body: enough for a person to see what the receiver says, however long it goes on. */
import type { IncomingMessage } from 'node:http';

const BYTES_MAX = 1_024;
/** The status is known by now, so nobody has to wait long for the text. */
const LIMIT_MS = 1_000;

/**
 * Returns the first KiB as text without NUL, which PostgreSQL cannot store. A body that ends within it and within a second leaves
 * the connection for the next request; any other ends with its connection.
 */
export function bodyStart(response: IncomingMessage): Promise<string> {
  return new Promise((resolve) => {
    const chunks: Buffer[] = [];
    let length = 0;
    const finish = (): void => {
      clearTimeout(timer);
      response.destroy();
      resolve(Buffer.concat(chunks).subarray(0, BYTES_MAX).toString('utf8').replaceAll('\0', ''));
    };
    const timer = setTimeout(finish, LIMIT_MS);
    response
      .on('data', (chunk: Buffer) => {
        chunks.push(chunk);
        length += chunk.length;
        if (length > BYTES_MAX) finish();
      })
      .on('error', finish)
      .on('close', finish)
      .on('end', finish);
  });
}
