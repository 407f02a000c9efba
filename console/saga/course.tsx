/** The way that the saga took, from one thing to the next, with an arrow in the middle of each part. */
interface Point {
  readonly key: string;
  readonly x: number;
  readonly y: number;
}

export function Course({ through, isBack = false }: { through: readonly Point[]; isBack?: boolean }) {
  const kind = isBack ? ' back' : '';
  return (
    <>
      {through.slice(1).map((to, index) => {
        const from = through[index]!;
        const middle = (from.x + to.x) / 2;
        const path =
          from.x === to.x
            ? `M${from.x} ${from.y}V${to.y}`
            : `M${from.x} ${from.y}C${middle} ${from.y} ${middle} ${to.y} ${to.x} ${to.y}`;
        const turn = from.x === to.x ? (to.y > from.y ? 90 : -90) : direction(from, to);
        return (
          <g key={`${from.key} ${to.key}`}>
            <path class={`course${kind}`} d={path} />
            <path
              class={`arrow${kind}`}
              d="M-4 -4L4 0L-4 4Z"
              transform={`translate(${middle} ${(from.y + to.y) / 2}) rotate(${turn})`}
            />
          </g>
        );
      })}
    </>
  );
}

/** The slope of the curve in its middle, in degrees. */
function direction(from: Point, to: Point): number {
  return (Math.atan2((to.y - from.y) * 1.5, (to.x - from.x) * 0.75) * 180) / Math.PI;
}
