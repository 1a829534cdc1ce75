import { showLine } from "@revocab/core";
import { showFigure } from "../cells.ts";
import type { BarChart, LineChart, PointChart } from "../document.ts";
import { textWidth } from "../text-width.ts";
import { escapeHtml, thin } from "./escape.ts";
import { type Scale, scaleOf } from "./scale.ts";

/*
 * Charts as plain SVG of a fixed grid, which a browser scales. Colors are classes of the style sheet (`c0` … `c11`), so that
 * one drawing serves both themes.
 */

/** How many colors there are before they come again. */
export const COLORS = 12;
const WIDTH = 800;
/** Of a character of the charts' text, on average. */
const CHARACTER = 7;

/** The drawing of a chart. @param title an id in the page of what names it */
export function drawingOf(chart: BarChart | PointChart | LineChart, title: string): string {
  if (chart.kind === "bars") return drawBars(chart, title);
  return chart.kind === "lines" ? drawLines(chart, title) : drawPoints(chart, title);
}

/** The names of a chart's series, in the order of their colors. */
export function seriesOf(chart: BarChart | PointChart | LineChart): readonly string[] {
  return chart.kind === "bars" ? chart.series : chart.series.map(({ name }) => name);
}

function svg(height: number, title: string, name: string, parts: readonly string[]): string {
  return `<svg viewBox="0 0 ${WIDTH} ${height}" role="img" aria-labelledby="${title}"><title>${escapeHtml(name)}</title>${parts.join("")}</svg>`;
}

const LONGEST_LABEL = 44;
const BAR = { stacked: 22, grouped: 14, thin: 5 } as const;
const BETWEEN_BARS = 10;
const BETWEEN_THIN = 4;
const LABEL_HEIGHT = 16;
/** More bars are thin, without their values: what counts then is their shape. */
const MOST_THICK = 60;
const AXIS = 40;

/** Bars that lie, with their labels before and their values behind them. Negative values are drawn side by side alone. */
function drawBars(chart: BarChart, title: string): string {
  const { bars, series, measure, places } = chart;
  const isNegative = bars.some(({ values }) => values.some((value) => value < 0));
  const isStacked = chart.arrangement !== "grouped" && !isNegative && series.length > 1;
  const labels = bars.map(({ label }) => shortened(label));
  const left = round(12 + Math.max(40, ...labels.map(({ shown }) => textWidth(shown) * CHARACTER)));
  const figures = bars.flatMap(({ values }) => values.map((value) => showFigure({ value, places })));
  const right = isStacked ? 28 : 14 + Math.max(0, ...figures.map((figure) => figure.length * CHARACTER));
  const scale = scaleOf([
    0,
    ...(isStacked ? bars.map(({ values }) => sumOf(values)) : bars.flatMap(({ values }) => values)),
  ]);
  const at = along(scale, left, WIDTH - right);
  const isThin = !isStacked && bars.length * series.length > MOST_THICK;
  const thick = isStacked ? BAR.stacked : isThin ? BAR.thin : BAR.grouped;
  const gap = isThin ? BETWEEN_THIN : BETWEEN_BARS;
  const tall = isStacked ? thick : thick * Math.max(1, series.length);
  const labelled = Math.ceil(LABEL_HEIGHT / (tall + gap));
  const bottom = bars.length * (tall + gap) + gap / 2;
  const parts = bars.map(({ values }, i) => {
    const top = gap / 2 + i * (tall + gap);
    const label = labels[i]!;
    const drawn = isStacked
      ? stackedBar(values, chart, { top, thick, at, isThin })
      : groupedBars(values, chart, { top, thick, at, isThin });
    const cut = label.isCut ? `<title>${escapeHtml(label.whole)}</title>` : "";
    const name = `<text class="label" x="${round(left - 8)}" y="${top + tall / 2}" text-anchor="end">${escapeHtml(label.shown)}${cut}</text>`;
    return (i % labelled === 0 ? name : "") + drawn;
  });
  return svg(bottom + AXIS, title, `${chart.title}: ${measure}`, [
    ...verticalGrid(scale, at, bottom, measure, (left + WIDTH - right) / 2),
    ...parts,
    `<path class="axis" d="M${at(0)} 0V${bottom}"/>`,
  ]);
}

interface BarPlace {
  readonly top: number;
  readonly thick: number;
  readonly isThin: boolean;
  readonly at: (value: number) => number;
}

/** The parts of a bar one after another, with their values where there is room. */
function stackedBar(values: readonly number[], chart: BarChart, { top, thick, at }: BarPlace): string {
  let sum = 0;
  return values
    .map((value, i) => {
      if (!(value > 0 && Number.isFinite(value))) return "";
      const [start, end] = [at(sum), at(sum + value)];
      sum += value;
      const figure = thin(showFigure({ value, places: chart.places ?? 0 }));
      const hasRoom = figure.length * CHARACTER + 8 < end - start;
      return `${rectangle(start, top, end - start, thick, i, `${chart.series[i] ?? ""}: ${figure}`)}${
        hasRoom
          ? `<text class="inside" x="${round((start + end) / 2)}" y="${top + thick / 2}" text-anchor="middle">${figure}</text>`
          : ""
      }`;
    })
    .join("");
}

/** A bar for each series below the other, each with its value. */
function groupedBars(
  values: readonly number[],
  chart: BarChart,
  { top, thick, at, isThin }: BarPlace,
): string {
  return chart.series
    .map((name, i) => {
      const value = values[i] ?? Number.NaN;
      if (!Number.isFinite(value)) return "";
      const [start, end] = value < 0 ? [at(value), at(0)] : [at(0), at(value)];
      const y = top + i * thick;
      const figure = thin(showFigure({ value, places: chart.places ?? 0 }));
      const bar = rectangle(start, y, end - start, thick - (isThin ? 0 : 1), i, `${name}: ${figure}`);
      return isThin
        ? bar
        : `${bar}<text class="value" x="${round(end + 5)}" y="${y + thick / 2}">${figure}</text>`;
    })
    .join("");
}

function rectangle(
  x: number,
  y: number,
  width: number,
  height: number,
  color: number,
  title: string,
): string {
  return `<rect class="c${color % COLORS}" x="${round(x)}" y="${y}" width="${round(Math.max(0, width))}" height="${height}"><title>${escapeHtml(title)}</title></rect>`;
}

function verticalGrid(
  scale: Scale,
  at: (value: number) => number,
  bottom: number,
  name: string,
  middle: number,
) {
  return [
    `<path class="grid" d="${scale.ticks.map((tick) => `M${at(tick)} 0V${bottom}`).join("")}"/>`,
    ...scale.ticks.map(
      (tick) =>
        `<text class="tick" x="${at(tick)}" y="${bottom + 13}" text-anchor="middle">${tickOf(tick, scale)}</text>`,
    ),
    `<text class="tick" x="${round(middle)}" y="${bottom + 31}" text-anchor="middle">${escapeHtml(name)}</text>`,
  ];
}

const PLOT = { top: 10, left: 64, right: WIDTH - 24, bottom: 330 } as const;

/** A frame with both axes, and how values lie in it. */
function planeOf(
  xs: Iterable<number>,
  ys: Iterable<number>,
  names: { readonly x: string; readonly y: string },
) {
  const [scaleX, scaleY] = [scaleOf(xs, 8), scaleOf(ys)];
  const x = along(scaleX, PLOT.left, PLOT.right);
  const y = along(scaleY, PLOT.bottom, PLOT.top);
  const middle = (PLOT.top + PLOT.bottom) / 2;
  const frame = [
    ...verticalGrid(scaleX, x, PLOT.bottom, names.x, (PLOT.left + PLOT.right) / 2),
    `<path class="grid" d="${scaleY.ticks.map((tick) => `M${PLOT.left} ${y(tick)}H${PLOT.right}`).join("")}"/>`,
    ...scaleY.ticks.map(
      (tick) =>
        `<text class="tick" x="${PLOT.left - 7}" y="${y(tick)}" text-anchor="end">${tickOf(tick, scaleY)}</text>`,
    ),
    `<text class="tick" transform="translate(14 ${middle}) rotate(-90)" text-anchor="middle">${escapeHtml(names.y)}</text>`,
  ];
  return { x, y, frame };
}

/** A dash for each series beside its color; of few points each is marked. */
function drawLines(chart: LineChart, title: string): string {
  const points = chart.series.flatMap((one) => one.points);
  const { x, y, frame } = planeOf(
    points.map((point) => point.x),
    points.map((point) => point.y),
    chart,
  );
  const drawn = chart.series.map(({ name, points }, i) => {
    const finite = points.filter((point) => Number.isFinite(point.x) && Number.isFinite(point.y));
    const path = finite.map((point, j) => `${j === 0 ? "M" : "L"}${x(point.x)} ${y(point.y)}`).join("");
    const marks =
      finite.length > MOST_MARKS ? "" : finite.map((point) => `M${x(point.x)} ${y(point.y)}h0`).join("");
    return `<path class="line c${i % COLORS} dash${i % DASHES}" d="${path}"><title>${escapeHtml(name)}</title></path><path class="mark c${i % COLORS}" d="${marks}"/>`;
  });
  return svg(PLOT.bottom + AXIS, title, `${chart.title}: ${chart.y} by ${chart.x}`, [...frame, ...drawn]);
}

const MOST_MARKS = 30;
const DASHES = 4;

/**
 * Points of a series are counted in cells of 2 units; a cell is one dot, the stronger the more points lie in it. So a quarter of a
 * million of points are no more than some ten thousand dots. A few points have their names beside them.
 */
function drawPoints(chart: PointChart, title: string): string {
  const finite = chart.series.map(({ points }) =>
    points.filter((point) => Number.isFinite(point.x) && Number.isFinite(point.y)),
  );
  const all = finite.flat();
  const { x, y, frame } = planeOf(
    all.map((point) => point.x),
    all.map((point) => point.y),
    chart,
  );
  const drawn = finite.map((points, i) =>
    dotsOf(points.map((point) => [x(point.x), y(point.y)])).map(
      (path, strength) => `<path class="dot c${i % COLORS} strength${strength}" d="${path}"/>`,
    ),
  );
  const names =
    all.length > MOST_NAMES
      ? []
      : all.map((point) =>
          point.label === undefined
            ? ""
            : `<text class="name" x="${x(point.x) + 5}" y="${y(point.y)}">${escapeHtml(shortened(point.label).shown)}</text>`,
        );
  return svg(PLOT.bottom + AXIS, title, `${chart.title}: ${chart.y} by ${chart.x}`, [
    ...frame,
    ...drawn.flat(),
    ...names,
  ]);
}

const MOST_NAMES = 40;
const CELL = 2;
/** From so many points in a cell its dot is stronger. */
const STRONGER = [1, 3, 9] as const;

/** A path of dots for each strength, each dot told from the one before. */
function dotsOf(points: readonly (readonly [number, number])[]): readonly string[] {
  const columns = Math.ceil(WIDTH / CELL);
  const counts = new Map<number, number>();
  for (const [x, y] of points) {
    const cell = Math.floor(y / CELL) * columns + Math.floor(x / CELL);
    counts.set(cell, (counts.get(cell) ?? 0) + 1);
  }
  const cells = [...counts].sort(([a], [b]) => a - b);
  return STRONGER.map((least, i) => {
    let [lastX, lastY] = [0, 0];
    return cells
      .filter(([, count]) => count >= least && count < (STRONGER[i + 1] ?? Number.POSITIVE_INFINITY))
      .map(([cell]) => {
        const [x, y] = [(cell % columns) * CELL + 1, Math.floor(cell / columns) * CELL + 1];
        const step = `m${x - lastX} ${y - lastY}h0`;
        [lastX, lastY] = [x, y];
        return step;
      })
      .join("");
  });
}

/** Where a value lies between two ends, in tenths of a unit. */
function along({ low, high }: Scale, start: number, end: number): (value: number) => number {
  return (value) => round(start + ((value - low) / (high - low)) * (end - start));
}

function tickOf(value: number, { places }: Scale): string {
  return thin(showFigure({ value, places }));
}

function shortened(text: string): {
  readonly shown: string;
  readonly whole: string;
  readonly isCut: boolean;
} {
  const label = showLine(text);
  const characters = [...label];
  const isCut = characters.length > LONGEST_LABEL;
  return {
    shown: isCut ? `${characters.slice(0, LONGEST_LABEL - 1).join("")}…` : label,
    whole: label,
    isCut,
  };
}

function sumOf(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + (value > 0 && Number.isFinite(value) ? value : 0), 0);
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}
