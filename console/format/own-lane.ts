/** A saga with the lane of the service that leads it first, also where no leg of that service is known: the steps are drawn there. */
export function withOwnLane<Lane extends { readonly lane: string }, Saga extends { readonly lanes: readonly Lane[] }>(
  saga: Saga,
  own: Lane,
): Omit<Saga, 'lanes'> & { readonly lanes: readonly Lane[] } {
  const isOwn = ({ lane }: Lane): boolean => lane === own.lane;
  return { ...saga, lanes: [saga.lanes.find(isOwn) ?? own, ...saga.lanes.filter((lane) => !isOwn(lane))] };
}
