import type { PackedPoints } from "../panels/panel-data.ts";
import { element, svgElement } from "./dom.ts";
import { unpack } from "./unpack.ts";

/** Units of the drawing; it is scaled to the width of the page. */
const WIDTH = 800;
const HEIGHT = 520;
const MARGIN = 12;

export interface RowsMapView {
  readonly node: HTMLElement;
  /** Marks a row and others beside it; rows that are not on the map are left out. */
  mark(id: number, others: readonly number[]): void;
}

/** Rows as points. A point that is clicked is chosen; by keyboard, the search beside the map does the same. */
export async function rowsMap(
  { axes, series, ids, x, y, seriesOf }: PackedPoints,
  onChosen: (id: number) => void,
): Promise<RowsMapView> {
  const [idAt, xAt, yAt, seriesAt] = await Promise.all([
    unpack(ids).then((buffer) => new Uint32Array(buffer)),
    unpack(x).then((buffer) => scaled(new Float32Array(buffer), WIDTH, false)),
    unpack(y).then((buffer) => scaled(new Float32Array(buffer), HEIGHT, true)),
    unpack(seriesOf).then((buffer) => new Uint8Array(buffer)),
  ]);
  const placeOf = new Map(Array.from(idAt, (id, place) => [id, place]));
  const marks = svgElement("g", { class: "marks" });
  const paths = series.map((_, place) => svgElement("path", { class: `mark c${place}`, d: pathOf(place) }));
  const drawing = svgElement(
    "svg",
    {
      viewBox: `0 0 ${WIDTH} ${HEIGHT}`,
      role: "img",
      "aria-label": `${idAt.length} rows by ${axes[0]} and ${axes[1]}: ${series.join(", ")}`,
    },
    ...paths,
    marks,
  );
  drawing.addEventListener("click", (event) => {
    const box = drawing.getBoundingClientRect();
    const place = nearestTo(
      ((event.clientX - box.left) / box.width) * WIDTH,
      ((event.clientY - box.top) / box.height) * HEIGHT,
    );
    if (place !== undefined) onChosen(idAt[place]!);
  });
  const legend = element(
    "ul",
    { class: "legend" },
    ...series.map((name, place) => element("li", {}, swatch(place), name)),
  );
  const caption = element(
    "figcaption",
    {},
    `Across: ${axes[0]}. Up: ${axes[1]}. Click a point to choose its token.`,
  );
  return {
    node: element("figure", { class: "map" }, legend, drawing, caption),
    mark(id, others) {
      const circle = (row: number, kind: string, radius: number) => {
        const place = placeOf.get(row);
        if (place === undefined) return [];
        return [svgElement("circle", { class: kind, cx: xAt[place]!, cy: yAt[place]!, r: radius })];
      };
      marks.replaceChildren(
        ...others.flatMap((other) => circle(other, "other", 5)),
        ...circle(id, "chosen", 7),
      );
    },
  };

  /** The points of a series as lines of no length: a path for all of them is drawn a hundred times faster than circles. */
  function pathOf(wanted: number): string {
    let path = "";
    for (let place = 0; place < idAt.length; place++) {
      if (seriesAt[place] === wanted) path += `M${xAt[place]!.toFixed(1)} ${yAt[place]!.toFixed(1)}h0`;
    }
    return path;
  }

  function nearestTo(left: number, top: number): number | undefined {
    let nearest: number | undefined;
    let least = Number.POSITIVE_INFINITY;
    for (let place = 0; place < idAt.length; place++) {
      const distance = (xAt[place]! - left) ** 2 + (yAt[place]! - top) ** 2;
      if (distance < least) {
        least = distance;
        nearest = place;
      }
    }
    return nearest;
  }
}

function swatch(color: number): SVGElement {
  const square = svgElement("rect", { class: `c${color}`, width: 12, height: 12, rx: 2 });
  return svgElement("svg", { class: "swatch", viewBox: "0 0 12 12", "aria-hidden": "true" }, square);
}

/** Values as places within a length, its margins left free. */
function scaled(values: Float32Array, length: number, isUpward: boolean): Float32Array {
  let lowest = Number.POSITIVE_INFINITY;
  let highest = Number.NEGATIVE_INFINITY;
  for (const value of values) {
    lowest = Math.min(lowest, value);
    highest = Math.max(highest, value);
  }
  const range = highest - lowest || 1;
  const room = length - 2 * MARGIN;
  return values.map((value) => {
    const share = (value - lowest) / range;
    return MARGIN + room * (isUpward ? 1 - share : share);
  });
}
