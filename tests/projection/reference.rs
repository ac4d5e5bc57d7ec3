//! Against umap-learn, scikit-learn and exact eigenvectors.
//!
//! Values by `tests/interop/projection_reference.py` with umap-learn 0.5.12, scikit-learn 1.9.1, NumPy 2.4.6; 15
//! neighbours, means over seeds 0, 1, 2 for UMAP.

use super::data::{BLOBS_DIMENSION, ROLL_DIMENSION, blobs, roll};
use faer::{Mat, Side};
use fillscape::jobs::silent;
use fillscape::projection::{
    DiffusionMapParams, Projection, ProjectionMethod, ProjectionParams, TSneParams, UmapParams, continuity, fit,
    trustworthiness,
};

const N: usize = 1500;
/// How much less than the reference a map may reach: the spread of the reference over its own seeds is 0.002.
const SLACK: f64 = 0.003;

struct Reference {
    name: &'static str,
    rows: Vec<f32>,
    dimension: usize,
    sum: f64,
    first: f32,
    pca: [f64; 2],
    explained: [f64; 2],
    umap: [f64; 2],
    umap_with_transform: [f64; 2],
    tsne: [f64; 2],
}

fn references() -> [Reference; 2] {
    [
        Reference {
            name: "roll",
            rows: roll(N),
            dimension: ROLL_DIMENSION,
            sum: -20_848.236_711_806_152,
            first: -12.228_528,
            pca: [0.897_906_868_276_536_5, 0.993_209_629_128_112_5],
            explained: [0.512_588_5, 0.275_545_08],
            umap: [0.998_551_92, 0.995_452_26],
            umap_with_transform: [0.998_438_97, 0.995_672_79],
            tsne: [0.999_297_675_468_291_6, 0.988_901_767_847_739_4],
        },
        Reference {
            name: "blobs",
            rows: blobs(N),
            dimension: BLOBS_DIMENSION,
            sum: 65_975.767_094_752,
            first: 1.828_130_2,
            pca: [0.904_035_086_135_56, 0.954_684_179_643_421_3],
            explained: [0.202_880_44, 0.149_502_38],
            umap: [0.971_787_5, 0.976_837_42],
            umap_with_transform: [0.970_636_94, 0.974_787_39],
            tsne: [0.980_374_272_173_324_3, 0.980_406_108_478_146_4],
        },
    ]
}

fn fitted(method: ProjectionMethod, seed: u64, rows: &[f32], dimension: usize) -> Projection {
    fit(&ProjectionParams::plane(method, seed), rows, dimension, &mut silent).unwrap()
}

fn trust_of(r: &Reference, map: &[[f32; 3]]) -> [f64; 2] {
    [trustworthiness(&r.rows, r.dimension, map, 15).unwrap(), continuity(&r.rows, r.dimension, map, 15).unwrap()]
}

#[test]
fn the_data_are_those_of_the_script() {
    for r in references() {
        let sum: f64 = r.rows.iter().map(|v| f64::from(*v)).sum();
        assert!((sum - r.sum).abs() < 1e-2 && (r.rows[0] - r.first).abs() < 1e-5, "{}: {sum} {}", r.name, r.rows[0]);
    }
}

#[test]
fn principal_components_and_trust_are_those_of_scikit_learn() {
    for r in references() {
        let pca = fitted(ProjectionMethod::Pca, 0, &r.rows, r.dimension);
        let explained = pca.explained_variance().unwrap();
        let close = explained.iter().zip(r.explained).all(|(a, b)| (a - b).abs() < 1e-6);
        assert!(close, "{}: {explained:?} {:?}", r.name, r.explained);
        let found = trust_of(&r, pca.map());
        let close = found.iter().zip(r.pca).all(|(a, b)| (a - b).abs() < 2e-6);
        assert!(close, "{}: {found:?} {:?}", r.name, r.pca);
        assert!(pca.notes().is_empty(), "linfa's iteration was good enough: {:?}", pca.notes());
    }
}

#[test]
fn umap_is_as_trustworthy_as_umap_learn() {
    for r in references() {
        let of_seed = |seed| {
            let umap = ProjectionMethod::Umap(UmapParams::default());
            trust_of(&r, fitted(umap, seed, &r.rows, r.dimension).map())
        };
        let found: Vec<[f64; 2]> = (0..3).map(of_seed).collect();
        let least = [0, 1].map(|k| found.iter().map(|f| f[k]).fold(1.0, f64::min));
        let mean = [0, 1].map(|k| found.iter().map(|f| f[k]).sum::<f64>() / 3.0);
        println!("{}: UMAP trustworthiness, continuity {mean:?} (least {least:?}), umap-learn {:?}", r.name, r.umap);
        assert!(mean.iter().zip(r.umap).all(|(a, b)| *a > b - SLACK), "{}: {mean:?}, expected {:?}", r.name, r.umap);
    }
}

#[test]
fn new_rows_on_a_umap_are_as_trustworthy_as_those_of_umap_learn() {
    for r in references() {
        let (old, new) = r.rows.split_at(1200 * r.dimension);
        let projection = fitted(ProjectionMethod::Umap(UmapParams::default()), 0, old, r.dimension);
        let mut map = projection.map().to_vec();
        map.extend(projection.transform(new).unwrap());
        let found = trust_of(&r, &map);
        println!("{}: with 300 new rows {found:?}, umap-learn {:?}", r.name, r.umap_with_transform);
        let good = found.iter().zip(r.umap_with_transform).all(|(a, b)| *a > b - SLACK);
        assert!(good, "{}: {found:?}, expected {:?}", r.name, r.umap_with_transform);
    }
}

#[test]
fn t_sne_is_as_trustworthy_as_that_of_scikit_learn() {
    for r in references() {
        let tsne = ProjectionMethod::TSne(TSneParams::default());
        let found = trust_of(&r, fitted(tsne, 0, &r.rows, r.dimension).map());
        println!("{}: t-SNE {found:?}, scikit-learn {:?}", r.name, r.tsne);
        // Two programs end in different minima: continuity differs by more than trustworthiness.
        assert!(found[0] > r.tsne[0] - SLACK && found[1] > r.tsne[1] - 0.015, "{}: {found:?} {:?}", r.name, r.tsne);
    }
}

/// The walk's eigenvectors by a full decomposition of the symmetric matrix s^(-½) k s^(-½).
#[test]
fn diffusion_maps_are_those_of_a_full_decomposition() {
    let (n, d) = (160, ROLL_DIMENSION);
    let rows = roll(n);
    let bandwidth = 60.0;
    let own = DiffusionMapParams { bandwidth: Some(bandwidth), n_steps: 2, ..Default::default() };
    let found = fitted(ProjectionMethod::DiffusionMap(own), 0, &rows, d);
    let squared = |i: usize, j: usize| -> f64 {
        (0..d).map(|k| (f64::from(rows[i * d + k]) - f64::from(rows[j * d + k])).powi(2)).sum()
    };
    let kernel = |i: usize, j: usize| (-squared(i, j) / bandwidth).exp();
    let sums: Vec<f64> = (0..n).map(|i| (0..n).map(|j| kernel(i, j)).sum()).collect();
    let symmetric = Mat::from_fn(n, n, |i, j| kernel(i, j) / (sums[i] * sums[j]).sqrt());
    let eigen = symmetric.self_adjoint_eigen(Side::Lower).unwrap();
    for axis in 0..2 {
        let at = n - 2 - axis; // the last one is constant
        let value = eigen.S().column_vector()[at];
        let expected: Vec<f64> =
            (0..n).map(|i| value.powi(2) * eigen.U()[(i, at)] / sums[i].sqrt() * (n as f64).sqrt()).collect();
        let map: Vec<f64> = found.map().iter().map(|p| f64::from(p[axis])).collect();
        let product: f64 = map.iter().zip(&expected).map(|(a, b)| a * b).sum();
        let sign = product.signum();
        let largest = expected.iter().fold(0.0_f64, |a, b| a.max(b.abs()));
        let worst = map.iter().zip(&expected).fold(0.0_f64, |w, (a, b)| w.max((a - sign * b).abs()));
        assert!(worst < 1e-4 * largest, "axis {axis}: off by {worst} of {largest}");
    }
}
