/** A leg of a saga, as the API tells it. */
import type { Saga } from '../../client/client.ts';

export type Leg = Saga['lanes'][number]['legs'][number];
