/**
 * Reads the traffic between a client and a PostgreSQL server: which operation is sent, for which movement, and when the server
 * has committed it. Understands as much of the protocol as that takes, named prepared statements included, and changes nothing.
 * https://www.postgresql.org/docs/current/protocol-message-formats.html
 */

/**
 * A statement of a service. The services send no transactions of several statements, so an answered one is committed; but for an
 * `order_change`, whose transaction begins with it.
 */
export interface Statement {
  /**
   * A function of the wallet service (`debit`, `credit`, `refund`, `debit_group` …) or of one of orders (`reserve`, `issue` …), the relay's
   * append_events, or what the statement does: accept, accept_group, status, group_ends, order_change, webhook_cursor,
   * webhook_failure, log_cursor, write, read.
   */
  readonly operation: string;
  /**
   * Its parameters as text; of a wallet operation the first one is the movement's id, or an array of the movements' ids. None of a
   * simple query.
   */
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

const CALLS = [
  /^SELECT outcome, .* FROM (\w+)\(/,
  /^SELECT (advance|append_events)\(/,
  /^SELECT \* FROM (\w+_(?:batch|group))\(/,
  /^SELECT (?:outcome|detail|status|number, \S+) FROM (release|release_order|cancel_booking|hand_over|post_invoice|post_credit_note)\(/,
  /^SELECT (take_back|settle_due|post_refund)\(/,
];

/**
 * The operations of the wallet service, of the services of orders and of the relay by their functions' names; of all others, what they
 * do: `status` is that of one transfer, `order_change` the first statement of a transaction that changes an order.
 */
function operationOf(text: string): string {
  const called = CALLS.map((call) => call.exec(text)?.[1]).find((name) => name !== undefined);
  if (called !== undefined) return called;
  if (/\bINSERT INTO transfers \([^)]*\bgroup_id\)/.test(text)) return 'accept_group';
  if (/\bUPDATE transfers SET status = 'COMPLETED'[^]* group_id = \$/.test(text)) return 'group_ends';
  if (/\bINSERT INTO (transfers|transactions|transfer_batches) \(/.test(text)) return 'accept';
  if (/\bUPDATE transfers SET status = \$/.test(text)) return 'status';
  if (/\bfrom "orders" where "orders"\."order_id" = \$1 for update/.test(text)) return 'order_change';
  if (/\bUPDATE webhook_endpoints SET cursor = \$/.test(text)) return 'webhook_cursor';
  if (/\bUPDATE log_cursors SET position = \$/.test(text)) return 'log_cursor';
  if (/\bINSERT INTO webhook_deliveries AS d\b/.test(text)) return 'webhook_failure';
  return /\b(insert into|update|delete from)\b/i.test(text) ? 'write' : 'read';
}

/** The transfers that a statement is about: of a group's those of its first parameter, which is an array; otherwise one, or none. */
export function transfersOf(statement: Statement): string[] {
  const parameters = statement.parameters();
  if (isOfGroup(statement.operation)) return [...(parameters[0] ?? '').matchAll(UUIDS)].map(([id]) => id);
  return parameters.filter((each) => each !== undefined && UUID.test(each)).slice(0, 1) as string[];
}

const UUID = /^[0-9a-f-]{36}$/;
const UUIDS = /[0-9a-f-]{36}/g;

function isOfGroup(operation: string): boolean {
  return operation === 'group_ends' || /_(group|batch)$/.test(operation);
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
