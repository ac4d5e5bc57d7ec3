//! Analytic surfaces with known stationary points: what every search is tried on first.

use super::Surface;

/// An analytic surface over a box.
#[derive(Debug, Clone, PartialEq)]
pub struct Toy {
    function: Function,
    lower: Vec<f64>,
    upper: Vec<f64>,
}

#[derive(Debug, Clone, PartialEq)]
enum Function {
    MullerBrown,
    Camelback,
    Schwefel,
    Mixture(Vec<Well>),
}

/// One Gaussian of a mixture: depth · exp(−|x − centre|² / 2 width²), a well when `depth` < 0.
#[derive(Debug, Clone, PartialEq)]
pub struct Well {
    /// Place of the middle, shape (d,).
    pub centre: Vec<f64>,
    /// Energy at the middle; negative for a well, positive for a hill.
    pub depth: f64,
    /// Standard deviation, > 0.
    pub width: f64,
}

/// A toy surface that does not exist.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[error("there is no toy surface {found:?}: choose one of {}", Toy::NAMES.join(", "))]
pub struct UnknownToy {
    /// The name asked for.
    pub found: String,
}

const MULLER_BROWN: [[f64; 6]; 4] = [
    [-200.0, -1.0, 0.0, -10.0, 1.0, 0.0],
    [-100.0, -1.0, 0.0, -10.0, 0.0, 0.5],
    [-170.0, -6.5, 11.0, -6.5, -0.5, 1.5],
    [15.0, 0.7, 0.6, 0.7, -1.0, 1.0],
];

impl Toy {
    /// The names [`Self::by_name`] knows.
    pub const NAMES: [&'static str; 5] = ["muller-brown", "camelback", "schwefel", "double-well", "well-cluster"];

    /// The toy of this name, in its usual box.
    ///
    /// # Errors
    /// [`UnknownToy`] lists the names.
    pub fn by_name(name: &str) -> Result<Self, UnknownToy> {
        match name {
            // Without its umlaut the name is spelt in two ways.
            "muller-brown" | "mueller-brown" => Ok(Self::muller_brown()),
            "camelback" => Ok(Self::camelback()),
            "schwefel" => Ok(Self::schwefel(2)),
            "double-well" => Ok(Self::double_well(3)),
            "well-cluster" => Ok(Self::well_cluster()),
            _ => Err(UnknownToy { found: name.to_owned() }),
        }
    }

    /// Müller–Brown in [−1.5, 1.2] × [−0.2, 2]: three minima, two transition states.
    ///
    /// Source: Müller & Brown, Theor. Chim. Acta 53, 75 (1979).
    pub fn muller_brown() -> Self {
        Self { function: Function::MullerBrown, lower: vec![-1.5, -0.2], upper: vec![1.2, 2.0] }
    }

    /// Six-hump camel in [−3, 3] × [−2, 2].
    pub fn camelback() -> Self {
        Self { function: Function::Camelback, lower: vec![-3.0, -2.0], upper: vec![3.0, 2.0] }
    }

    /// Schwefel's function of `dim` ≥ 1 coordinates in [−500, 500]^d; many minima, some on the faces.
    pub fn schwefel(dim: usize) -> Self {
        Self { function: Function::Schwefel, lower: vec![-500.0; dim], upper: vec![500.0; dim] }
    }

    /// Two equal wells of width ½ at ∓1 on the first axis, in [−2, 2]^d; the transition state is the origin.
    ///
    /// On the axis ∇E = 0 where x = tanh(x / ½²), so the minima lie at x = ±0.999327…
    pub fn double_well(dim: usize) -> Self {
        let well = |at: f64| {
            let mut centre = vec![0.0; dim];
            centre[0] = at;
            Well { centre, depth: -1.0, width: 0.5 }
        };
        Self::mixture(vec![well(-1.0), well(1.0)], vec![-2.0; dim], vec![2.0; dim])
    }

    /// Wells at the corners of a triangle inside one wide funnel with a hill in its middle, in the plane: like three
    /// packings of one cluster.
    pub fn well_cluster() -> Self {
        let third = std::f64::consts::TAU / 3.0;
        let mut wells: Vec<Well> = (0..3)
            .map(|k| f64::from(k) * third)
            .map(|angle| Well { centre: vec![angle.cos(), angle.sin()], depth: -1.0, width: 0.4 })
            .collect();
        wells.push(Well { centre: vec![0.0, 0.0], depth: -1.5, width: 2.0 });
        wells.push(Well { centre: vec![0.0, 0.0], depth: 1.0, width: 0.5 });
        Self::mixture(wells, vec![-2.0; 2], vec![2.0; 2])
    }

    /// A sum of Gaussians in the given box; all centres have the dimension of the box.
    pub fn mixture(wells: Vec<Well>, lower: Vec<f64>, upper: Vec<f64>) -> Self {
        assert!(wells.iter().all(|w| w.centre.len() == lower.len()), "every centre has the dimension of the box");
        Self { function: Function::Mixture(wells), lower, upper }
    }

    /// Energy; adds the gradient and Hessian to the slices given (empty slices are left alone).
    fn derivatives(&self, x: &[f64], gradient: &mut [f64], hessian: &mut [f64]) -> f64 {
        match &self.function {
            Function::MullerBrown => muller_brown(x, gradient, hessian),
            Function::Camelback => camelback(x, gradient, hessian),
            Function::Schwefel => schwefel(x, gradient, hessian),
            Function::Mixture(wells) => wells.iter().map(|w| gaussian(w, x, gradient, hessian)).sum(),
        }
    }
}

impl Surface for Toy {
    fn dim(&self) -> usize {
        self.lower.len()
    }

    fn lower(&self) -> &[f64] {
        &self.lower
    }

    fn upper(&self) -> &[f64] {
        &self.upper
    }

    fn energy(&self, x: &[f64]) -> f64 {
        self.derivatives(x, &mut [], &mut [])
    }

    fn energy_gradient(&self, x: &[f64], gradient: &mut [f64]) -> f64 {
        gradient.fill(0.0);
        self.derivatives(x, gradient, &mut [])
    }

    fn hessian_vector(&self, x: &[f64], v: &[f64], out: &mut [f64]) {
        let mut hessian = vec![0.0; x.len() * x.len()];
        self.derivatives(x, &mut [], &mut hessian);
        for (out, row) in out.iter_mut().zip(hessian.chunks_exact(x.len())) {
            *out = row.iter().zip(v).map(|(h, v)| h * v).sum();
        }
    }

    fn hessian(&self, x: &[f64], out: &mut [f64]) {
        out.fill(0.0);
        self.derivatives(x, &mut [], out);
    }
}

fn add(slot: &mut [f64], at: usize, value: f64) {
    if let Some(slot) = slot.get_mut(at) {
        *slot += value;
    }
}

fn muller_brown(x: &[f64], gradient: &mut [f64], hessian: &mut [f64]) -> f64 {
    let mut energy = 0.0;
    for [height, a, b, c, x0, y0] in MULLER_BROWN {
        let (dx, dy) = (x[0] - x0, x[1] - y0);
        let e = height * (a * dx * dx + b * dx * dy + c * dy * dy).exp();
        let (u, v) = (2.0 * a * dx + b * dy, b * dx + 2.0 * c * dy);
        energy += e;
        add(gradient, 0, e * u);
        add(gradient, 1, e * v);
        add(hessian, 0, e * (u * u + 2.0 * a));
        add(hessian, 1, e * (u * v + b));
        add(hessian, 2, e * (u * v + b));
        add(hessian, 3, e * (v * v + 2.0 * c));
    }
    energy
}

fn camelback(p: &[f64], gradient: &mut [f64], hessian: &mut [f64]) -> f64 {
    let (x, y) = (p[0], p[1]);
    let (x2, y2) = (x * x, y * y);
    add(gradient, 0, 8.0 * x - 8.4 * x * x2 + 2.0 * x * x2 * x2 + y);
    add(gradient, 1, x - 8.0 * y + 16.0 * y * y2);
    add(hessian, 0, 8.0 - 25.2 * x2 + 10.0 * x2 * x2);
    add(hessian, 1, 1.0);
    add(hessian, 2, 1.0);
    add(hessian, 3, 48.0 * y2 - 8.0);
    (4.0 - 2.1 * x2 + x2 * x2 / 3.0) * x2 + x * y + (4.0 * y2 - 4.0) * y2
}

fn schwefel(p: &[f64], gradient: &mut [f64], hessian: &mut [f64]) -> f64 {
    let mut energy = 418.9829 * p.len() as f64;
    for (k, &x) in p.iter().enumerate() {
        let root = x.abs().sqrt();
        let (sin, cos) = root.sin_cos();
        energy -= x * sin;
        add(gradient, k, -(sin + 0.5 * root * cos));
        let bend = if root > 0.0 { 0.75 * cos / root - 0.25 * sin } else { 0.0 };
        add(hessian, k * (p.len() + 1), -x.signum() * bend);
    }
    energy
}

fn gaussian(well: &Well, x: &[f64], gradient: &mut [f64], hessian: &mut [f64]) -> f64 {
    let d = x.len();
    let precision = well.width.powi(-2);
    let difference: Vec<f64> = x.iter().zip(&well.centre).map(|(x, c)| x - c).collect();
    let e = well.depth * (-0.5 * precision * difference.iter().map(|v| v * v).sum::<f64>()).exp();
    for i in 0..d {
        add(gradient, i, -e * precision * difference[i]);
        for j in 0..d {
            let diagonal = if i == j { precision } else { 0.0 };
            add(hessian, i * d + j, e * (precision * precision * difference[i] * difference[j] - diagonal));
        }
    }
    e
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Central differences of energies and gradients against the closed forms, at fixed pseudo-random points.
    fn check_derivatives(toy: &Toy) {
        let d = toy.dim();
        for seed in 0..20_u32 {
            let share = |k: usize| f64::from((seed * 7919 + 104_729 * (k as u32 + 1)) % 1000) / 1000.0;
            let range = |k: usize| toy.upper[k] - toy.lower[k];
            let x: Vec<f64> = (0..d).map(|k| toy.lower[k] + (0.05 + 0.9 * share(k)) * range(k)).collect();
            let (mut g, mut h) = (vec![0.0; d], vec![0.0; d * d]);
            toy.energy_gradient(&x, &mut g);
            toy.hessian(&x, &mut h);
            for k in 0..d {
                let step = 1e-6 * range(k);
                let (mut plus, mut minus) = (x.clone(), x.clone());
                plus[k] += step;
                minus[k] -= step;
                let (mut g_plus, mut g_minus) = (vec![0.0; d], vec![0.0; d]);
                let slope = (toy.energy_gradient(&plus, &mut g_plus) - toy.energy_gradient(&minus, &mut g_minus))
                    / (2.0 * step);
                let scale = 1.0 + g[k].abs();
                assert!((slope - g[k]).abs() < 1e-5 * scale, "{:?} slope {k}: {} is not {slope}", toy.function, g[k]);
                for j in 0..d {
                    let bend = (g_plus[j] - g_minus[j]) / (2.0 * step);
                    let found = h[j * d + k];
                    assert!((bend - found).abs() < 1e-4 * (1.0 + bend.abs()), "Hessian {j} {k}: {found} is not {bend}");
                }
            }
        }
    }

    #[test]
    fn derivatives_meet_central_differences() {
        for name in Toy::NAMES {
            check_derivatives(&Toy::by_name(name).unwrap());
        }
    }

    #[test]
    fn double_well_is_stationary_where_its_closed_form_says() {
        let toy = Toy::double_well(3);
        let mut x = 1.0_f64;
        for _ in 0..200 {
            x = (x / 0.25).tanh();
        }
        for at in [[0.0, 0.0, 0.0], [x, 0.0, 0.0], [-x, 0.0, 0.0]] {
            let mut g = [0.0; 3];
            toy.energy_gradient(&at, &mut g);
            assert!(g.iter().all(|g| g.abs() < 1e-12), "gradient {g:?} at {at:?}");
        }
    }

    #[test]
    fn unknown_name_lists_the_known_ones() {
        let message = Toy::by_name("rosenbrock").unwrap_err().to_string();
        assert!(message.contains("rosenbrock") && message.contains("camelback"), "{message}");
    }
}
