import type { BarChart, Cell, LineChart, PointChart, Table } from "./document.ts";

/** The figures of a chart, for renderers that draw none, and beside a drawing for whoever does not see it. */
export function tableOfChart(chart: BarChart | PointChart | LineChart): Table {
  if (chart.kind === "bars") return tableOfBars(chart);
  return chart.kind === "lines" ? tableOfLines(chart) : tableOfPoints(chart);
}

/** Whether the only series of a chart says more than what is measured. */
export function namesSeries(chart: BarChart | PointChart | LineChart): boolean {
  return chart.kind === "bars" && chart.series.length === 1 && chart.series[0] !== chart.measure;
}

/** What the values of a chart of bars are, with the name of its only series. */
export function measureOf(chart: BarChart): string {
  return namesSeries(chart) ? `${chart.series[0]}, ${chart.measure}` : chart.measure;
}

/** A row for each bar; where that would be wider than long, a row for each series. */
function tableOfBars(chart: BarChart): Table {
  const { series, bars, measure, places } = chart;
  const figure = (value: number | undefined): Cell => (value === undefined ? undefined : { value, places });
  if (series.length <= 1) {
    return {
      kind: "table",
      columns: [{ title: "" }, { title: measureOf(chart) }],
      rows: bars.map(({ label, values }) => [label, figure(values[0])]),
    };
  }
  if (series.length > bars.length) {
    return {
      kind: "table",
      columns: [{ title: measure }, ...bars.map(({ label }) => ({ title: label }))],
      rows: series.map((name, i) => [name, ...bars.map(({ values }) => figure(values[i]))]),
    };
  }
  return {
    kind: "table",
    columns: [{ title: measure }, ...series.map((title) => ({ title }))],
    rows: bars.map(({ label, values }) => [label, ...series.map((_, i) => figure(values[i]))]),
  };
}

/** A row for each place on the axis, at most 20 of them: the first, the last and those at equal distances between. */
function tableOfLines({ x, series, places }: LineChart): Table {
  const all = [...new Set(series.flatMap(({ points }) => points.map((point) => point.x)))].sort(
    (a, b) => a - b,
  );
  const count = Math.min(MOST_PLACES, all.length);
  const shown = Array.from(
    { length: count },
    (_, i) => all[count === 1 ? 0 : Math.round((i * (all.length - 1)) / (count - 1))] as number,
  );
  const found = series.map(({ points }) => new Map(points.map((point) => [point.x, point.y])));
  const decimals = Math.max(0, ...shown.map(placesOf));
  return {
    kind: "table",
    columns: [{ title: x }, ...series.map(({ name }) => ({ title: name }))],
    rows: shown.map((place) => [
      { value: place, places: decimals },
      ...found.map((values): Cell => {
        const value = values.get(place);
        return value === undefined ? undefined : { value, places };
      }),
    ]),
  };
}

const MOST_PLACES = 20;

/** Digits after the point that a number needs, at most 3. */
function placesOf(value: number): number {
  return [0, 1, 2].find((places) => Number(value.toFixed(places)) === value) ?? 3;
}

/** How many points each series has and where they lie; of a few that are named, each. */
function tableOfPoints({ x, y, series }: PointChart): Table {
  const places = 3;
  const named = series.flatMap(({ name, points }) => points.map((point) => ({ name, ...point })));
  if (named.length <= MOST_NAMED && named.every(({ label }) => label !== undefined)) {
    return {
      kind: "table",
      columns: ["", "series", x, y].map((title) => ({ title })),
      rows: named.map((point) => [
        point.label,
        point.name,
        { value: point.x, places },
        { value: point.y, places },
      ]),
    };
  }
  return {
    kind: "table",
    columns: ["", "points", `${x}: least`, "mean", "most", `${y}: least`, "mean", "most"].map((title) => ({
      title,
    })),
    rows: series.map(({ name, points }) => [
      name,
      { value: points.length },
      ...[points.map((point) => point.x), points.map((point) => point.y)]
        .flatMap(spreadOf)
        .map((value) => ({ value, places })),
    ]),
  };
}

const MOST_NAMED = 30;

/** The least value, the mean and the most; NaN where there is none. */
function spreadOf(values: readonly number[]): readonly number[] {
  if (values.length === 0) return [Number.NaN, Number.NaN, Number.NaN];
  let [least, sum, most] = [Number.POSITIVE_INFINITY, 0, Number.NEGATIVE_INFINITY];
  for (const value of values) {
    least = Math.min(least, value);
    sum += value;
    most = Math.max(most, value);
  }
  return [least, sum / values.length, most];
}
