/** The Kafka client's options, by the settings. Apart from the client, which takes a third of a second to load. */
import { isIP } from 'node:net';
import type { BaseOptions } from '@platformatic/kafka';
import { SettingsError, type Settings } from '../../process/config.ts';

const PORT_DEFAULT = 9092;
const CONNECT_LIMIT_MS = 3_000;
const REQUEST_LIMIT_MS = 10_000;
/** The client's own attempts, which bridge a change of a partition's leader; a longer outage is the publisher's matter. */
const RETRIES = 4;
const RETRY_DELAY_MS = 250;

export type KafkaOptions = BaseOptions;

/** The client's options; undefined if no broker is set. Throws a SettingsError if the credentials are not whole. */
export function kafkaOptions(settings: Settings): KafkaOptions | undefined {
  const { KAFKA_BROKERS, KAFKA_TLS_CA: ca, KAFKA_TLS_CERT: cert, KAFKA_TLS_KEY: key } = settings;
  const { KAFKA_SASL_MECHANISM: mechanism, KAFKA_SASL_USERNAME: username, KAFKA_SASL_PASSWORD: password } = settings;
  if (KAFKA_BROKERS === undefined) return undefined;
  if (mechanism !== undefined && (username === undefined || password === undefined))
    throw new SettingsError('KAFKA_SASL_MECHANISM needs KAFKA_SASL_USERNAME and KAFKA_SASL_PASSWORD');
  if ((cert === undefined) !== (key === undefined))
    throw new SettingsError('KAFKA_TLS_CERT and KAFKA_TLS_KEY need each other');
  if (settings.KAFKA_TLS === 'off' && (ca ?? cert) !== undefined)
    throw new SettingsError('KAFKA_TLS_CA and KAFKA_TLS_CERT need KAFKA_TLS=on');
  return {
    clientId: 'counterpoise',
    bootstrapBrokers: KAFKA_BROKERS.map(({ host, port = PORT_DEFAULT }) => ({
      host: host.replace(/^\[(.*)\]$/, '$1'),
      port,
    })),
    connectTimeout: CONNECT_LIMIT_MS,
    timeout: REQUEST_LIMIT_MS,
    retries: RETRIES,
    retryDelay: RETRY_DELAY_MS,
    ...(settings.KAFKA_TLS === 'off'
      ? {}
      : {
          tls: {
            ...(ca === undefined ? {} : { ca }),
            ...(cert === undefined || key === undefined ? {} : { cert, key }),
          },
          // An address has no server name.
          tlsServerName: !KAFKA_BROKERS.every(({ host }) => isIP(host) > 0 || host.startsWith('[')),
        }),
    ...(mechanism === undefined ? {} : { sasl: { mechanism, username: username!, password: password! } }),
  };
}
