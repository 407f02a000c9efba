/** How this process writes and reads what Temporal keeps: encrypted where the settings have keys (payload-codec.ts), else plain. */
import { fileURLToPath } from 'node:url';
import type { DataConverter, PayloadCodec } from '@temporalio/common';
import type { Settings } from '../process/config.ts';
import { createPayloadCodec } from './payload-codec.ts';

/** The module that writes failures where payloads are encrypted. */
export const FAILURE_CONVERTER = fileURLToPath(new URL('../workflows/failure-converter.ts', import.meta.url));

type PayloadSettings = Pick<Settings, 'PAYLOAD_KEYS' | 'PAYLOAD_ENCRYPTION'>;

/** The same for every client and every worker of an installation. */
export function dataConverterOf(settings: PayloadSettings): DataConverter {
  const codec = payloadCodecOf(settings);
  if (codec === undefined) return {};
  if (settings.PAYLOAD_ENCRYPTION === 'off') return { payloadCodecs: [codec] };
  return {
    payloadCodecs: [codec],
    // Plain messages of failures would tell what went wrong with which values.
    failureConverterPath: FAILURE_CONVERTER,
  };
}

/** Undefined where there are no keys. */
export function payloadCodecOf({ PAYLOAD_KEYS: keys, PAYLOAD_ENCRYPTION }: PayloadSettings): PayloadCodec | undefined {
  return keys && createPayloadCodec(keys, PAYLOAD_ENCRYPTION === 'on');
}
