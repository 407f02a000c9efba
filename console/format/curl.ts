/** A call of the API as a line for a shell. The key is in a variable and not in the line; without it, the shell says what is missing. */
export interface CurlCall {
  readonly origin: string;
  readonly method: string;
  /** As in the OpenAPI document: `/v1/transfers/{transfer_id}`. */
  readonly path: string;
  readonly parameters: Readonly<Record<string, string | number>>;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: unknown;
}

export function curlOf({ origin, method, path, parameters, headers = {}, body }: CurlCall): string {
  const filled = path.replaceAll(/\{(\w+)\}/g, (_, name: string) =>
    encodeURIComponent(parameters[name] ?? `{${name}}`),
  );
  const all = { ...headers, ...(body === undefined ? {} : { 'Content-Type': 'application/json' }) };
  return [
    `curl${method === 'GET' ? '' : ` -X ${method}`} ${quoted(origin + filled)}`,
    '-H "Authorization: Bearer ${COUNTERPOISE_API_KEY:?set it}"',
    ...Object.entries(all).map(([name, value]) => `-H ${quoted(`${name}: ${value}`)}`),
    ...(body === undefined ? [] : [`-d ${quoted(JSON.stringify(body))}`]),
  ].join(' \\\n  ');
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", String.raw`'\''`)}'`;
}
