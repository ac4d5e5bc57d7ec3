//! Why a projection could not be made or used.

/// Why a projection could not be made or used.
#[derive(Debug, thiserror::Error)]
pub enum ProjectionError {
    /// Rows of no numbers, or a list that is no whole number of rows.
    #[error(
        "could not read {found} numbers as rows of {dimension}: expected a whole number of rows of at least 1 number"
    )]
    Shape {
        /// Numbers given.
        found: usize,
        /// Numbers in a row.
        dimension: usize,
    },
    /// A number is NaN or infinite.
    #[error("row {row} has {value} at position {column} (both counted from 0): expected finite numbers")]
    NotFinite {
        /// Its row.
        row: usize,
        /// Its place in the row.
        column: usize,
        /// What was found.
        value: f32,
    },
    /// Too few rows for the method.
    #[error("found {found} rows, but {method} needs at least {expected}")]
    TooFew {
        /// Rows given.
        found: usize,
        /// Rows needed.
        expected: usize,
        /// The method.
        method: &'static str,
    },
    /// More axes asked for than there are.
    #[error("could not make a map of {n_dims} dimensions from rows of {dimension} numbers: choose fewer")]
    TooFlat {
        /// Dimensions of the map.
        n_dims: usize,
        /// Numbers in a row.
        dimension: usize,
    },
    /// A parameter is out of its range.
    #[error("could not make the projection: found {name} = {value}, expected {expected}")]
    Parameter {
        /// Its name.
        name: &'static str,
        /// Its value.
        value: f64,
        /// Its range.
        expected: &'static str,
    },
    /// The points that should span a plane do not.
    #[error(
        "the {n_points} chosen points span only {found} of {expected} directions (they lie on a line or in one place): \
         choose others"
    )]
    Degenerate {
        /// Points given.
        n_points: usize,
        /// Independent directions found.
        found: usize,
        /// Directions needed.
        expected: usize,
    },
    /// Rows of another dimension than those fitted.
    #[error("the chosen point {index} has {found} numbers, but the rows have {expected}")]
    PointDimension {
        /// Which point, counted from 0.
        index: usize,
        /// Its numbers.
        found: usize,
        /// Numbers in a row.
        expected: usize,
    },
    /// An eigenvalue problem had no answer.
    #[error("the eigenvectors of the {matrix} could not be found: the rows may be all the same")]
    Eigen {
        /// Of what.
        matrix: &'static str,
    },
    /// Not a saved projection.
    #[error("this is no saved projection; fit it again")]
    File {
        /// Where it went wrong.
        #[source]
        source: serde_json::Error,
    },
    /// A saved projection of a later version.
    #[error("the saved projection has format {found}, but this version reads up to {expected}: update Fillscape")]
    Format {
        /// Its format.
        found: u32,
        /// The newest we know.
        expected: u32,
    },
    /// A saved projection whose parts do not fit together.
    #[error(
        "the saved projection contradicts itself (its arrays have other lengths than its header says); fit it again"
    )]
    Inconsistent,
    /// Two versions of the same rows that are not equally many.
    #[error("found {before} rows before and {after} after, expected the same rows in the same order")]
    Versions {
        /// Rows of the first version.
        before: usize,
        /// Rows of the second.
        after: usize,
    },
}
