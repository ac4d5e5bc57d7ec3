//! The roughness field R(x): a Gaussian between each minimum and transition state, as high as the pair is frustrated.

use crate::landscape::{KineticTransitionNetwork, ParallelConvention, SAMPLING_LENGTH_SCALE, Surface, contributions};
use serde::{Deserialize, Serialize};

/// Variance of a Gaussian across the direction v from its minimum to its transition state.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AcrossVariance {
    /// This number times |v|, as the reference's script has it. (A variance proportional to a length depends on the
    /// unit of x; it is kept because the published fill set was made with it.)
    TimesLength(f64),
    /// The same for every Gaussian, in squared units of x.
    Fixed(f64),
}

/// How a network becomes a field. The published variants are [`Self::script`] and [`Self::readme`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RoughnessFieldParams {
    /// c: where the Gaussian stands between minimum (0) and transition state (1).
    pub centre: f64,
    /// q in (0, 1): the value of the Gaussian, of peak 1, half of |v| along v from its centre; its variance along v
    /// is −(|v|/2)² / (2 ln q).
    pub value_at_half_length: f64,
    /// Variance across v.
    pub across: AcrossVariance,
    /// h: height of a Gaussian per unit of frustration.
    pub height: f64,
    /// ℓ of the frustration, in the units of x.
    pub length_scale: f64,
    /// Which of several transition states between the same minima contribute.
    pub parallel: ParallelConvention,
}

impl RoughnessFieldParams {
    /// As the reference's script makes it: broad Gaussians near the transition states.
    pub fn script() -> Self {
        Self {
            centre: 0.75,
            value_at_half_length: 0.99,
            across: AcrossVariance::TimesLength(0.25),
            height: 10.0,
            length_scale: SAMPLING_LENGTH_SCALE,
            parallel: ParallelConvention::Each,
        }
    }

    /// As the reference's README describes it: needles half way up.
    pub fn readme() -> Self {
        Self {
            centre: 0.5,
            value_at_half_length: 0.10,
            across: AcrossVariance::Fixed(1e-4),
            height: 1.0,
            length_scale: SAMPLING_LENGTH_SCALE,
            parallel: ParallelConvention::Each,
        }
    }

    fn check(&self) -> Result<(), FieldError> {
        let across = match self.across {
            AcrossVariance::TimesLength(v) | AcrossVariance::Fixed(v) => v,
        };
        let bad = |name: &'static str, value: f64, expected: &'static str, good: bool| {
            if good { Ok(()) } else { Err(FieldError::Parameter { name, value, expected }) }
        };
        let positive = |v: f64| v.is_finite() && v > 0.0;
        let q = self.value_at_half_length;
        bad("centre", self.centre, "a finite number", self.centre.is_finite())?;
        bad("value_at_half_length", q, "a number between 0 and 1, both excluded", q > 0.0 && q < 1.0)?;
        bad("across", across, "a finite number > 0", positive(across))?;
        bad("height", self.height, "a finite number", self.height.is_finite())?;
        bad("length_scale", self.length_scale, "a number > 0", self.length_scale > 0.0)
    }
}

/// Why a field could not be made or asked.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum FieldError {
    /// A parameter is out of its range.
    #[error("could not make the roughness field: found {name} = {value}, expected {expected}")]
    Parameter {
        /// Its name.
        name: &'static str,
        /// Its value.
        value: f64,
        /// Its range.
        expected: &'static str,
    },
    /// Points of another dimension.
    #[error("the roughness field has {expected} dimensions, but the point has {found}")]
    Dimension {
        /// Coordinates of the point.
        found: usize,
        /// Dimension of the field.
        expected: usize,
    },
    /// A box whose bounds are not bounds.
    #[error("the bounds of coordinate {index} are {lower} and {upper}: expected finite numbers, the lower one first")]
    Bounds {
        /// The coordinate, counted from 0.
        index: usize,
        /// Its lower bound.
        lower: f64,
        /// Its upper bound.
        upper: f64,
    },
}

/// R(x) = `Σ_i h f_i g_i(x)`, with `g_i` a Gaussian of peak 1 at `μ_i = m + c (t − m)`.
///
/// With v = t − m, u = v/|v|, r = x − μ and p = r·u:
///     g = exp(−½ (p²/s₁ + (r² − p²)/s₂)),   s₁ = −(|v|/2)² / (2 ln q),   s₂ the variance across v.
/// This costs O(d) a Gaussian; no covariance matrix is made.
///
/// Source: Wilson et al., arXiv 2502.13886; `LocalRoughness` of TopSearch, which builds the same covariance densely.
#[derive(Debug, Clone, PartialEq)]
pub struct RoughnessField {
    n_dims: usize,
    /// h `f_i`, in the units of E.
    heights: Vec<f64>,
    /// 1/s₁ and 1/s₂.
    inverse_variances: Vec<[f64; 2]>,
    /// `μ_i`, shape `(n, d)`.
    means: Vec<f64>,
    /// `u_i`, shape `(n, d)`.
    directions: Vec<f64>,
    n_coincident: usize,
}

impl RoughnessField {
    /// The field of a network; its Gaussians come in the order of falling frustration.
    ///
    /// A transition state in the very place of its minimum has no direction and is left out, see
    /// [`Self::n_coincident`].
    ///
    /// # Errors
    /// When a parameter is out of its range.
    pub fn new(ktn: &KineticTransitionNetwork, params: &RoughnessFieldParams) -> Result<Self, FieldError> {
        params.check()?;
        let pairs = contributions(ktn, params.length_scale, params.parallel).into_iter().map(|c| {
            let m = ktn.minimum(c.minimum).expect("a contribution is of minima held");
            let t = ktn.transition_state(c.transition_state).expect("and of transition states held");
            (m.x.as_slice(), t.x.as_slice(), c.frustration)
        });
        Self::from_pairs(ktn.n_dims(), pairs, params)
    }

    /// The field of given (minimum, transition state, frustration), in the given order.
    ///
    /// # Errors
    /// When a parameter is out of its range, or a point has not `n_dims` coordinates.
    pub fn from_pairs<'a>(
        n_dims: usize,
        pairs: impl Iterator<Item = (&'a [f64], &'a [f64], f64)>,
        params: &RoughnessFieldParams,
    ) -> Result<Self, FieldError> {
        params.check()?;
        let mut field = Self {
            n_dims,
            heights: Vec::new(),
            inverse_variances: Vec::new(),
            means: Vec::new(),
            directions: Vec::new(),
            n_coincident: 0,
        };
        for (m, t, frustration) in pairs {
            if let Some(found) = [m.len(), t.len()].into_iter().find(|&found| found != n_dims) {
                return Err(FieldError::Dimension { found, expected: n_dims });
            }
            field.push(m, t, frustration, params);
        }
        Ok(field)
    }

    fn push(&mut self, m: &[f64], t: &[f64], frustration: f64, params: &RoughnessFieldParams) {
        let length2: f64 = t.iter().zip(m).map(|(t, m)| (t - m).powi(2)).sum();
        let length = length2.sqrt();
        let along = -0.25 * length2 / (2.0 * params.value_at_half_length.ln());
        let across = match params.across {
            AcrossVariance::TimesLength(factor) => factor * length,
            AcrossVariance::Fixed(variance) => variance,
        };
        let inverse = [1.0 / along, 1.0 / across];
        if !(length > 0.0 && inverse.iter().all(|v| v.is_finite())) {
            self.n_coincident += 1;
            return;
        }
        self.heights.push(params.height * frustration);
        self.inverse_variances.push(inverse);
        self.means.extend(m.iter().zip(t).map(|(m, t)| m + params.centre * (t - m)));
        self.directions.extend(m.iter().zip(t).map(|(m, t)| (t - m) / length));
    }

    /// Number of coordinates.
    pub fn n_dims(&self) -> usize {
        self.n_dims
    }

    /// Number of Gaussians.
    pub fn n_gaussians(&self) -> usize {
        self.heights.len()
    }

    /// Number of pairs left out because the transition state lies in the very place of its minimum.
    pub fn n_coincident(&self) -> usize {
        self.n_coincident
    }

    /// The centres μ, in the order of the Gaussians, each of shape `(d,)`.
    pub fn means(&self) -> impl ExactSizeIterator<Item = &[f64]> {
        self.means.chunks_exact(self.n_dims.max(1))
    }

    /// The Gaussians as plain arrays, in their order: heights h `f_i` of shape `(n,)`, centres μ and unit directions u
    /// of shape `(n, d)`, and (1/s₁, 1/s₂) of each.
    #[allow(clippy::type_complexity)] // four plain arrays, named above
    pub fn arrays(&self) -> (&[f64], &[f64], &[f64], &[[f64; 2]]) {
        (&self.heights, &self.means, &self.directions, &self.inverse_variances)
    }

    /// R(x), in the units of E.
    ///
    /// # Panics
    /// Here and below: when `x` has not d coordinates.
    pub fn value(&self, x: &[f64]) -> f64 {
        self.gaussians(x).map(|g| g.value).sum()
    }

    /// R(x); writes ∇R into `gradient`, shape `(d,)`.
    pub fn value_gradient(&self, x: &[f64], gradient: &mut [f64]) -> f64 {
        gradient.fill(0.0);
        let mut sum = 0.0;
        for g in self.gaussians(x) {
            sum += g.value;
            if g.value != 0.0 {
                let (along, across) = (g.value * g.difference * g.p, g.value * g.across);
                for (out, x, mean, u) in zip4(gradient, x, g.mean, g.direction) {
                    *out -= across * (x - mean) + along * u;
                }
            }
        }
        sum
    }

    /// Writes (∇∇R) v into `out`; all of shape `(d,)`.
    ///
    /// With w = r/s₂ + (1/s₁ − 1/s₂) p u, each Gaussian adds h f g [ w (w·v) − v/s₂ − (1/s₁ − 1/s₂) u (u·v) ].
    pub fn hessian_vector(&self, x: &[f64], v: &[f64], out: &mut [f64]) {
        out.fill(0.0);
        for g in self.gaussians(x).filter(|g| g.value != 0.0) {
            let u_v = dot(g.direction, v);
            let r_v: f64 = x.iter().zip(g.mean).zip(v).map(|((x, mean), v)| (x - mean) * v).sum();
            let w_v = g.across * r_v + g.difference * g.p * u_v;
            let (of_r, of_v) = (g.value * g.across * w_v, g.value * g.across);
            let of_u = g.value * g.difference * (g.p * w_v - u_v);
            for ((out, v), (x, mean, u)) in out.iter_mut().zip(v).zip(zip3(x, g.mean, g.direction)) {
                *out += of_r * (x - mean) + of_u * u - of_v * v;
            }
        }
    }

    fn gaussians<'a>(&'a self, x: &'a [f64]) -> impl Iterator<Item = Gaussian<'a>> {
        assert_eq!(x.len(), self.n_dims, "the point has the dimension of the field");
        let d = self.n_dims.max(1);
        let shapes = self.heights.iter().zip(&self.inverse_variances);
        let places = self.means.chunks_exact(d).zip(self.directions.chunks_exact(d));
        shapes.zip(places).map(move |((&height, &[along, across]), (mean, direction))| {
            let (p, r2) = split(x, mean, direction);
            let value = height * (-0.5 * (p * p * along + (r2 - p * p) * across)).exp();
            Gaussian { value, p, across, difference: along - across, mean, direction }
        })
    }
}

/// One Gaussian as seen from a point.
struct Gaussian<'a> {
    value: f64,
    p: f64,
    /// 1/s₂.
    across: f64,
    /// 1/s₁ − 1/s₂.
    difference: f64,
    mean: &'a [f64],
    direction: &'a [f64],
}

/// r·u and r² for r = x − mean, summed in eight lanes: the same bits on every machine, and open to vector units.
fn split(x: &[f64], mean: &[f64], direction: &[f64]) -> (f64, f64) {
    const LANES: usize = 8;
    let (mut p, mut r2) = ([0.0; LANES], [0.0; LANES]);
    let (xs, x_rest) = x.as_chunks::<LANES>();
    let (means, mean_rest) = mean.as_chunks::<LANES>();
    let (us, u_rest) = direction.as_chunks::<LANES>();
    for ((x, mean), u) in xs.iter().zip(means).zip(us) {
        for lane in 0..LANES {
            let r = x[lane] - mean[lane];
            p[lane] += r * u[lane];
            r2[lane] += r * r;
        }
    }
    let (mut p, mut r2) = (p.iter().sum::<f64>(), r2.iter().sum::<f64>());
    for (x, mean, u) in zip3(x_rest, mean_rest, u_rest) {
        let r = x - mean;
        p += r * u;
        r2 += r * r;
    }
    (p, r2)
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

fn zip3<'a>(a: &'a [f64], b: &'a [f64], c: &'a [f64]) -> impl Iterator<Item = (&'a f64, &'a f64, &'a f64)> {
    a.iter().zip(b).zip(c).map(|((a, b), c)| (a, b, c))
}

fn zip4<'a>(
    out: &'a mut [f64],
    a: &'a [f64],
    b: &'a [f64],
    c: &'a [f64],
) -> impl Iterator<Item = (&'a mut f64, &'a f64, &'a f64, &'a f64)> {
    out.iter_mut().zip(zip3(a, b, c)).map(|(out, (a, b, c))| (out, a, b, c))
}

/// −R over a box: the surface whose minima are the roughest places.
#[derive(Debug, Clone)]
pub struct RoughnessSurface<'a> {
    field: &'a RoughnessField,
    lower: Vec<f64>,
    upper: Vec<f64>,
}

impl<'a> RoughnessSurface<'a> {
    /// −R over lower ≤ x ≤ upper.
    ///
    /// # Errors
    /// When the bounds have another dimension than the field, are not finite, or are in the wrong order.
    pub fn new(field: &'a RoughnessField, lower: Vec<f64>, upper: Vec<f64>) -> Result<Self, FieldError> {
        if let Some(found) = [lower.len(), upper.len()].into_iter().find(|&found| found != field.n_dims) {
            return Err(FieldError::Dimension { found, expected: field.n_dims });
        }
        let bad = |(l, u): (&f64, &f64)| !(l.is_finite() && u.is_finite() && l <= u);
        if let Some(index) = lower.iter().zip(&upper).position(bad) {
            return Err(FieldError::Bounds { index, lower: lower[index], upper: upper[index] });
        }
        Ok(Self { field, lower, upper })
    }

    /// −R over the unit box.
    pub fn in_unit_box(field: &'a RoughnessField) -> Self {
        Self { field, lower: vec![0.0; field.n_dims], upper: vec![1.0; field.n_dims] }
    }
}

impl Surface for RoughnessSurface<'_> {
    fn dim(&self) -> usize {
        self.field.n_dims
    }

    fn lower(&self) -> &[f64] {
        &self.lower
    }

    fn upper(&self) -> &[f64] {
        &self.upper
    }

    fn energy(&self, x: &[f64]) -> f64 {
        -self.field.value(x)
    }

    fn energy_gradient(&self, x: &[f64], gradient: &mut [f64]) -> f64 {
        let value = self.field.value_gradient(x, gradient);
        for g in gradient.iter_mut() {
            *g = -*g;
        }
        -value
    }

    fn hessian_vector(&self, x: &[f64], v: &[f64], out: &mut [f64]) {
        self.field.hessian_vector(x, v, out);
        for h in out.iter_mut() {
            *h = -*h;
        }
    }

    fn hessian(&self, x: &[f64], out: &mut [f64]) {
        let d = self.field.n_dims;
        let mut unit = vec![0.0; d];
        for (j, row) in out.chunks_exact_mut(d.max(1)).enumerate() {
            unit[j] = 1.0;
            self.hessian_vector(x, &unit, row); // the Hessian is symmetric: its column j is its row j
            unit[j] = 0.0;
        }
    }

    fn flops_per_gradient(&self) -> f64 {
        (9 * self.field.n_dims * self.field.n_gaussians()) as f64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn field(params: &RoughnessFieldParams) -> RoughnessField {
        let points = [[0.2, 0.3, 0.4], [0.6, 0.1, 0.5], [0.9, 0.8, 0.35], [0.9, 0.8, 0.35]];
        let pairs = [(0, 1, 0.7), (2, 1, 0.3), (0, 2, 1.1), (2, 3, 5.0)];
        let pairs = pairs.iter().map(|&(m, t, f)| (&points[m][..], &points[t][..], f));
        RoughnessField::from_pairs(3, pairs, params).unwrap()
    }

    #[test]
    fn coincident_pair_is_left_out_and_counted() {
        let field = field(&RoughnessFieldParams::script());
        assert_eq!((field.n_gaussians(), field.n_coincident()), (3, 1));
        let mean = field.means().next().unwrap();
        for (found, expected) in mean.iter().zip([0.5, 0.15, 0.475]) {
            assert!((found - expected).abs() < 1e-15);
        }
    }

    #[test]
    fn gaussian_has_its_stated_height_and_widths() {
        let (m, t) = ([0.0, 0.0], [2.0, 0.0]);
        for (params, variance_across) in
            [(RoughnessFieldParams::script(), 0.5_f64), (RoughnessFieldParams::readme(), 1e-4)]
        {
            let pair = std::iter::once((&m[..], &t[..], 0.5));
            let field = RoughnessField::from_pairs(2, pair, &params).unwrap();
            let (peak, x) = (0.5 * params.height, 2.0 * params.centre);
            assert_eq!(field.value(&[x, 0.0]), peak);
            let along = field.value(&[x - 1.0, 0.0]) / peak;
            assert!((along - params.value_at_half_length).abs() < 1e-15, "{along}");
            let across = field.value(&[x, variance_across.sqrt()]) / peak;
            assert!((across - (-0.5_f64).exp()).abs() < 1e-12, "{across}");
        }
    }

    #[test]
    fn derivatives_meet_central_differences() {
        for params in [RoughnessFieldParams::script(), RoughnessFieldParams::readme()] {
            let field = field(&params);
            let surface = RoughnessSurface::in_unit_box(&field);
            let means: Vec<Vec<f64>> = field.means().map(<[f64]>::to_vec).collect();
            for mean in means {
                let x: Vec<f64> = mean.iter().zip([0.004, -0.003, 0.002]).map(|(m, d)| m + d).collect();
                let h = 1e-6;
                let mut gradient = vec![0.0; 3];
                assert_eq!(surface.energy_gradient(&x, &mut gradient), surface.energy(&x));
                let mut hessian = vec![0.0; 9];
                surface.hessian(&x, &mut hessian);
                let scale = hessian.iter().fold(1.0_f64, |s, v| s.max(v.abs()));
                for j in 0..3 {
                    let shifted = |sign: f64| {
                        let mut y = x.clone();
                        y[j] += sign * h;
                        let mut g = vec![0.0; 3];
                        (surface.energy_gradient(&y, &mut g), g)
                    };
                    let (up, down) = (shifted(1.0), shifted(-1.0));
                    let slope = (up.0 - down.0) / (2.0 * h);
                    assert!((slope - gradient[j]).abs() < 1e-5 * scale, "{slope} {}", gradient[j]);
                    for i in 0..3 {
                        let curvature = (up.1[i] - down.1[i]) / (2.0 * h);
                        assert!((curvature - hessian[3 * j + i]).abs() < 1e-5 * scale, "{curvature} {hessian:?}");
                        assert!((hessian[3 * i + j] - hessian[3 * j + i]).abs() < 1e-12 * scale);
                    }
                }
            }
        }
    }

    #[test]
    fn parameters_and_boxes_out_of_range_are_errors() {
        let ktn = KineticTransitionNetwork::in_unit_box(2);
        let script = RoughnessFieldParams::script;
        for params in [
            RoughnessFieldParams { value_at_half_length: 1.0, ..script() },
            RoughnessFieldParams { value_at_half_length: f64::NAN, ..script() },
            RoughnessFieldParams { across: AcrossVariance::Fixed(0.0), ..script() },
            RoughnessFieldParams { centre: f64::INFINITY, ..script() },
            RoughnessFieldParams { length_scale: -1.0, ..script() },
        ] {
            assert!(matches!(RoughnessField::new(&ktn, &params), Err(FieldError::Parameter { .. })), "{params:?}");
        }
        let empty = RoughnessField::new(&ktn, &script()).unwrap();
        assert_eq!((empty.n_gaussians(), empty.value(&[0.5, 0.5])), (0, 0.0));
        assert!(RoughnessSurface::new(&empty, vec![0.0; 3], vec![1.0; 3]).is_err());
        assert!(RoughnessSurface::new(&empty, vec![0.0, 1.0], vec![1.0, 0.5]).is_err());
        assert!(RoughnessSurface::new(&empty, vec![0.0, f64::NAN], vec![1.0, 1.0]).is_err());
    }
}
