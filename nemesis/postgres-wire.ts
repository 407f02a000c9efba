/**
 * Reads the traffic between a client and a PostgreSQL server: which operation is sent, for which movement, and when the server
 * has committed it. Understands as much of the protocol as that takes, named prepared statements included, and changes nothing.
 * https://www.postgresql.org/docs/current/protocol-message-formats.html
 */

/** A statement of a service. The services send no transactions of several statements, so an answered one is committed. */
export interface Statement {
  /** A function of the wallet service (`debit`, `credit`, `refund` …), or what the statement does: accept, status, write, read. */
  readonly operation: string;
  /** Its parameters as text; the first one of a wallet operation is the movement's id. A simple query has none. */
  readonly parameters: () => readonly (string | undefined)[];
}

export interface Conversation {
  /** The application name that the client has told the server. */
  readonly application: string;
  readonly database: string;
  /** Takes a chunk from the client; returns the statements that it completes. */
  readonly fromClient: (chunk: Buffer) => Statement[];
  /** Takes a chunk from the server; returns the statements that it answers with success. */
  readonly fromServer: (chunk: Buffer) => Statement[];
}

export function readAlong(): Conversation {
  let application = '';
  let database = '';
  let isStarted = false;
  let current: Statement | undefined;
  let hasSucceeded = false;
  /** The texts of prepared statements, the unnamed one included. */
  const texts = new Map<string, string>();

  const client = messages(() => isStarted);
  const server = messages(() => true);

  return {
    get application() {
      return application;
    },
    get database() {
      return database;
    },

    fromClient(chunk) {
      const sent: Statement[] = [];
      for (const { type, body } of client(chunk)) {
        if (type === '') {
          const parameters = startupParameters(body);
          if (parameters === undefined) continue;
          isStarted = true;
          application = parameters['application_name'] ?? '';
          database = parameters['database'] ?? '';
        } else if (type === 'P') {
          const [name, text] = strings(body, 2);
          texts.set(name!, text!);
        } else if (type === 'Q') {
          current = { operation: operationOf(strings(body, 1)[0]!), parameters: () => [] };
        } else if (type === 'B') {
          const [portal, name] = strings(body, 2);
          const from = Buffer.byteLength(portal!) + Buffer.byteLength(name!) + 2;
          current = { operation: operationOf(texts.get(name!) ?? ''), parameters: () => parametersOf(body, from) };
        }
        // A statement is complete with its Sync, or as a simple query.
        if (current !== undefined && (type === 'Q' || type === 'S')) sent.push(current);
      }
      return sent;
    },

    fromServer(chunk) {
      const answered: Statement[] = [];
      for (const { type } of server(chunk)) {
        if (type === 'C') hasSucceeded = true;
        else if (type === 'E') hasSucceeded = false;
        else if (type === 'Z') {
          if (hasSucceeded && current !== undefined) answered.push(current);
          hasSucceeded = false;
          current = undefined;
        }
      }
      return answered;
    },
  };
}

/** A wallet operation by the name of its function; any other by what it does: `status` writes the status of one transfer. */
function operationOf(text: string): string {
  const called = (/^SELECT outcome, .* FROM (\w+)\(/.exec(text) ?? /^SELECT (advance)\(/.exec(text))?.[1];
  if (called !== undefined) return called;
  if (/\bINSERT INTO (transfers|transactions|transfer_batches) \(/.test(text)) return 'accept';
  if (/\bUPDATE transfers SET status = \$/.test(text)) return 'status';
  return /\b(insert into|update|delete from)\b/i.test(text) ? 'write' : 'read';
}

interface Message {
  /** Empty for the first message of a client, which has no type. */
  readonly type: string;
  readonly body: Buffer;
}

const EMPTY = Buffer.alloc(0);

/** Takes a stream chunk by chunk, and returns the messages that each chunk completes. */
function messages(isTyped: () => boolean): (chunk: Buffer) => Message[] {
  let rest: Buffer = EMPTY;
  return (chunk) => {
    rest = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
    const complete: Message[] = [];
    for (;;) {
      const head = isTyped() && complete.every(({ type }) => type !== '') ? 1 : 0;
      if (rest.length < head + 4) break;
      const length = head + rest.readUInt32BE(head);
      if (rest.length < length) break;
      complete.push({ type: head === 0 ? '' : String.fromCharCode(rest[0]!), body: rest.subarray(head + 4, length) });
      rest = rest.subarray(length);
      // The messages after the first one are parsed once that has been read.
      if (head === 0) break;
    }
    return complete;
  };
}

/** The startup parameters of a client; undefined for an earlier request, such as for encryption. */
function startupParameters(body: Buffer): Record<string, string> | undefined {
  if (body.readUInt16BE(0) !== 3) return undefined;
  const words = body.subarray(4).toString().split('\0');
  return Object.fromEntries(
    words.flatMap((word, index) => (index % 2 === 0 && word !== '' ? [[word, words[index + 1] ?? '']] : [])),
  );
}

/** The first `count` strings of a message, each of which ends with a zero. */
function strings(body: Buffer, count: number): string[] {
  const found: string[] = [];
  let from = 0;
  while (found.length < count) {
    const to = body.indexOf(0, from);
    found.push(body.subarray(from, to).toString());
    from = to + 1;
  }
  return found;
}

/** `from` is the place in a Bind message of the formats of its parameters, which come before the parameters. */
function parametersOf(body: Buffer, from: number): (string | undefined)[] {
  let at = from + 2 + 2 * body.readUInt16BE(from);
  const count = body.readUInt16BE(at);
  at += 2;
  return Array.from({ length: count }, () => {
    const length = body.readInt32BE(at);
    at += 4;
    if (length < 0) return undefined;
    at += length;
    return body.subarray(at - length, at).toString();
  });
}
