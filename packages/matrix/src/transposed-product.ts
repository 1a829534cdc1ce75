/** A matrix of doubles or floats, row-major. */
export interface DenseMatrix<Data extends Float32Array | Float64Array> {
  readonly rows: number;
  readonly columns: number;
  readonly data: Data;
}

/** A matrix in f64, row-major. */
export type Matrix64 = DenseMatrix<Float64Array>;

/**
 * Aᵀ · B, A [n × p], B [n × q] → [p × q], added to `sum` where one is given. In TypeScript, about 3 GF/s; in f64, because sums
 * over many word vectors lose too much in f32 for a rotation.
 */
export function transposedProduct(left: Matrix64, right: Matrix64, sum?: Matrix64): Matrix64 {
  const { columns: height } = left;
  const { columns: width } = right;
  const into = sum ?? { rows: height, columns: width, data: new Float64Array(height * width) };
  addProducts(left, right, into.data, false);
  return into;
}

/** Aᵀ · A, A [n × p] → [p × p], for half the work. */
export function gramMatrix(matrix: Matrix64): Matrix64 {
  const { columns } = matrix;
  const data = new Float64Array(columns * columns);
  addProducts(matrix, matrix, data, true);
  for (let i = 0; i < columns; i++) {
    for (let j = 0; j < i; j++) data[i * columns + j] = data[j * columns + i];
  }
  return { rows: columns, columns, data };
}

/** @param isUpper leaves out what is below the diagonal */
function addProducts(left: Matrix64, right: Matrix64, into: Float64Array, isUpper: boolean): void {
  let row = 0;
  for (; row + 8 <= left.rows; row += 8) addEightRows(left, right, row, into, isUpper);
  for (; row < left.rows; row++) addRow(left, right, row, into, isUpper);
}

/** Eight rows in one pass over the sums, which are too many for the nearest cache: one load of them serves eight products. */
function addEightRows(
  left: Matrix64,
  right: Matrix64,
  row: number,
  into: Float64Array,
  isUpper: boolean,
): void {
  const { columns: height, data: a } = left;
  const { columns: width, data: b } = right;
  const b0 = row * width;
  const b1 = b0 + width;
  const b2 = b1 + width;
  const b3 = b2 + width;
  const b4 = b3 + width;
  const b5 = b4 + width;
  const b6 = b5 + width;
  const b7 = b6 + width;
  for (let i = 0; i < height; i++) {
    const first = row * height + i;
    const x0 = a[first];
    const x1 = a[first + height];
    const x2 = a[first + 2 * height];
    const x3 = a[first + 3 * height];
    const x4 = a[first + 4 * height];
    const x5 = a[first + 5 * height];
    const x6 = a[first + 6 * height];
    const x7 = a[first + 7 * height];
    const at = i * width;
    for (let j = isUpper ? i : 0; j < width; j++) {
      const sum = into[at + j] + x0 * b[b0 + j] + x1 * b[b1 + j] + x2 * b[b2 + j] + x3 * b[b3 + j];
      into[at + j] = sum + x4 * b[b4 + j] + x5 * b[b5 + j] + x6 * b[b6 + j] + x7 * b[b7 + j];
    }
  }
}

function addRow(left: Matrix64, right: Matrix64, row: number, into: Float64Array, isUpper: boolean): void {
  const { columns: height, data: a } = left;
  const { columns: width, data: b } = right;
  for (let i = 0; i < height; i++) {
    const x = a[row * height + i];
    for (let j = isUpper ? i : 0; j < width; j++) into[i * width + j] += x * b[row * width + j];
  }
}

/** [n × p] → [p × n] */
export function transposed<Data extends Float32Array | Float64Array>({
  rows,
  columns,
  data,
}: DenseMatrix<Data>): DenseMatrix<Data> {
  const result = data.slice() as Data;
  for (let row = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++)
      result[column * rows + row] = data[row * columns + column];
  }
  return { rows: columns, columns: rows, data: result };
}
