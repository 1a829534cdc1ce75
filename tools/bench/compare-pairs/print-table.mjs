/** Methods by pairs as a markdown table: bits per byte, the lowest of each pair bold, "–" where a method does not apply. */
export function printTable({ results, pairs, methods, digits }) {
  const shown = pairs.filter(({ name }) => results.pairs[name]?.source !== undefined);
  const figures = shown.map(({ name }) => results.pairs[name]);
  const lowest = figures.map((one) =>
    Math.min(...Object.values(one.methods).map(({ bitsPerByte = Number.POSITIVE_INFINITY }) => bitsPerByte)),
  );
  const cells = ({ name }) =>
    figures.map((one, i) => {
      const { bitsPerByte, failed, notApplicable } = one.methods[name] ?? {};
      if (bitsPerByte !== undefined) {
        const written = bitsPerByte.toFixed(digits);
        return bitsPerByte === lowest[i] ? `**${written}**` : written;
      }
      if (failed !== undefined) return `failed: ${failed.replace(/\s+/g, " ").replaceAll("|", "\\|")}`;
      return notApplicable === undefined ? "" : "–";
    });
  const tried = methods.filter(({ name }) => figures.some((one) => one.methods[name] !== undefined));
  const lines = [
    ["", ...shown.map(({ name }) => name.replace("/", " → "))],
    ["---", ...shown.map(() => "---")],
    ["the model, own tokens", ...figures.map(({ source }) => source.bitsPerByte.toFixed(digits))],
    [
      "no model, counts of the sample",
      ...figures.map(({ counts }) => counts?.bitsPerByte.toFixed(digits) ?? ""),
    ],
    ...tried.map((method) => [`\`${method.name}\``, ...cells(method)]),
  ];
  return lines.map((line) => `| ${line.join(" | ")} |`.replace("|  |", "| |")).join("\n");
}
