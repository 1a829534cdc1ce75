/** A matrix in f64, row-major: sums over many word vectors lose too much in f32 for a rotation. */
export interface Matrix64 {
  readonly rows: number;
  readonly columns: number;
  readonly data: Float64Array;
}

/** Aᵀ · B, A [n × p], B [n × q] → [p × q], added to `sum` where one is given. */
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
  for (; row + 4 <= left.rows; row += 4) addFourRows(left, right, row, into, isUpper);
  for (; row < left.rows; row++) addRow(left, right, row, into, isUpper);
}

/** Four rows in one pass over the sums, which are too many for the nearest cache: one load of them serves four products. */
function addFourRows(
  left: Matrix64,
  right: Matrix64,
  row: number,
  into: Float64Array,
  isUpper: boolean,
): void {
  const { columns: height, data: a } = left;
  const { columns: width, data: b } = right;
  const a0 = row * height;
  const b0 = row * width;
  const b1 = b0 + width;
  const b2 = b1 + width;
  const b3 = b2 + width;
  for (let i = 0; i < height; i++) {
    const x0 = a[a0 + i];
    const x1 = a[a0 + height + i];
    const x2 = a[a0 + 2 * height + i];
    const x3 = a[a0 + 3 * height + i];
    const at = i * width;
    for (let j = isUpper ? i : 0; j < width; j++) {
      into[at + j] = into[at + j] + x0 * b[b0 + j] + x1 * b[b1 + j] + x2 * b[b2 + j] + x3 * b[b3 + j];
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
