/** The connections to Temporal, by the settings: a server on loopback, a cluster with TLS, or Temporal Cloud with an API key. */
import { Client, Connection, type ConnectionLike } from '@temporalio/client';
import { NativeConnection } from '@temporalio/worker';
import type { Settings } from '../process/config.ts';
import { dataConverterOf } from './data-converter.ts';

/** A connection for workers, which a client of the same process may share; eager workflow start needs a shared connection. */
export function connectWorker(settings: Settings): Promise<NativeConnection> {
  return NativeConnection.connect(connectionOptions(settings));
}

/**
 * A connection for a client alone. It is made on first use, so a process starts while Temporal is down; and it is made
 * again within a second once Temporal is back, where grpc-js by itself would pause for up to two minutes.
 */
export function connectClient(settings: Settings): Connection {
  return Connection.lazy({
    ...connectionOptions(settings),
    channelArgs: { 'grpc.initial_reconnect_backoff_ms': 100, 'grpc.max_reconnect_backoff_ms': 1_000 },
  });
}

export function createClient(connection: ConnectionLike, settings: Settings): Client {
  return new Client({
    connection,
    namespace: settings.TEMPORAL_NAMESPACE,
    dataConverter: dataConverterOf(settings),
  });
}

function connectionOptions(settings: Settings) {
  const { TEMPORAL_TLS_SERVER_NAME, TEMPORAL_TLS_CA, TEMPORAL_TLS_CERT, TEMPORAL_TLS_KEY, TEMPORAL_API_KEY } = settings;
  const tls = {
    ...(TEMPORAL_TLS_SERVER_NAME === undefined ? {} : { serverNameOverride: TEMPORAL_TLS_SERVER_NAME }),
    ...(TEMPORAL_TLS_CA === undefined ? {} : { serverRootCACertificate: Buffer.from(TEMPORAL_TLS_CA) }),
    ...(TEMPORAL_TLS_CERT === undefined || TEMPORAL_TLS_KEY === undefined
      ? {}
      : { clientCertPair: { crt: Buffer.from(TEMPORAL_TLS_CERT), key: Buffer.from(TEMPORAL_TLS_KEY) } }),
  };
  return {
    address: settings.TEMPORAL_ADDRESS ?? '127.0.0.1:7233',
    ...(Object.keys(tls).length > 0 || TEMPORAL_API_KEY !== undefined ? { tls } : {}),
    ...(TEMPORAL_API_KEY === undefined ? {} : { apiKey: TEMPORAL_API_KEY }),
  };
}
