//! What every projection promises: seeds, threads, other rows, files, cancelling, hostile input.

use super::data::{BLOBS_DIMENSION, ROLL_DIMENSION, blobs, roll};
use fillscape::jobs::silent;
use fillscape::projection::{
    DiffusionMapParams, FitEnd, Placement, Projection, ProjectionError, ProjectionMethod, ProjectionParams, TSneParams,
    UmapParams, fit, fit_live,
};
use std::ops::ControlFlow;

fn methods() -> Vec<ProjectionMethod> {
    let point = |k: usize| (0..BLOBS_DIMENSION).map(|j| super::data::noise(k as f64, j as f64)).collect();
    vec![
        ProjectionMethod::Pca,
        ProjectionMethod::Random,
        ProjectionMethod::Plane { points: (0..4).map(point).collect() },
        ProjectionMethod::DiffusionMap(DiffusionMapParams { max_landmarks: 150, ..Default::default() }),
        ProjectionMethod::TSne(TSneParams { perplexity: 10.0, n_epochs: 120 }),
        ProjectionMethod::Umap(UmapParams { n_epochs: Some(60), ..Default::default() }),
    ]
}

fn fitted(method: ProjectionMethod, n_dims: usize, seed: u64, rows: &[f32]) -> Projection {
    fit(&ProjectionParams { method, n_dims, seed }, rows, BLOBS_DIMENSION, &mut silent).unwrap()
}

#[test]
fn the_same_seed_gives_the_same_map_whatever_the_threads() {
    let rows = blobs(400);
    for method in methods() {
        for n_dims in [2, 3] {
            let of_pool = |n: usize| {
                let pool = rayon::ThreadPoolBuilder::new().num_threads(n).build().unwrap();
                pool.install(|| fitted(method.clone(), n_dims, 3, &rows))
            };
            let (one, three) = (of_pool(1), of_pool(3));
            assert_eq!(one, three, "{}, {n_dims} dimensions", method.label());
            assert_eq!(one.map().len(), 400);
            assert!(one.map().iter().flatten().all(|v| v.is_finite()), "{}", method.label());
            assert!(n_dims == 3 || one.map().iter().all(|p| p[2] == 0.0));
            let flat = |axis: usize| one.map().iter().all(|p| p[axis] == one.map()[0][axis]);
            assert!((0..n_dims).all(|axis| !flat(axis)), "{}: an axis without extent", method.label());
        }
    }
}

#[test]
fn fitted_rows_come_back_to_their_places() {
    let rows = blobs(400);
    for method in methods() {
        let projection = fitted(method.clone(), 2, 1, &rows);
        let again = projection.transform(&rows).unwrap();
        let worst = again.iter().zip(projection.map()).flat_map(|(a, b)| [a[0] - b[0], a[1] - b[1]]);
        let worst = worst.fold(0.0_f32, |a, b| a.max(b.abs()));
        let extent = projection.map().iter().flatten().fold(0.0_f32, |a, b| a.max(b.abs()));
        assert!(worst <= 1e-5 * extent, "{}: off by {worst} of {extent}", method.label());
    }
}

#[test]
fn a_new_row_lands_alone_where_it_lands_in_company() {
    let all = blobs(430);
    let (rows, new) = all.split_at(400 * BLOBS_DIMENSION);
    for method in methods() {
        let projection = fitted(method.clone(), 2, 1, rows);
        let together = projection.transform(new).unwrap();
        for (row, place) in new.chunks(BLOBS_DIMENSION).zip(&together) {
            let alone = projection.transform(row).unwrap()[0];
            let off = alone.iter().zip(place).fold(0.0_f32, |a, (p, q)| a.max((p - q).abs()));
            assert!(off < 1e-4 * (1.0 + place[0].abs()), "{}: {alone:?} {place:?}", method.label());
        }
    }
}

#[test]
fn new_rows_land_in_their_cluster() {
    let all = blobs(460);
    let cluster = |i: usize| (10.0 * super::data::noise(i as f64, 401.0)).floor() as usize;
    let (rows, new) = all.split_at(400 * BLOBS_DIMENSION);
    for method in methods().into_iter().skip(4) {
        let projection = fitted(method.clone(), 2, 1, rows);
        let places = projection.transform(new).unwrap();
        let distance = |a: &[f32; 3], b: &[f32; 3]| (a[0] - b[0]).hypot(a[1] - b[1]);
        let right = places.iter().enumerate().filter(|(i, place)| {
            let by_distance = |a: &usize, b: &usize| {
                distance(place, &projection.map()[*a]).total_cmp(&distance(place, &projection.map()[*b]))
            };
            let nearest = (0..400).min_by(by_distance).unwrap();
            cluster(nearest) == cluster(400 + i)
        });
        let right = right.count();
        assert!(right >= 57, "{}: {right} of 60 beside their own", method.label());
    }
}

#[test]
fn saved_projections_place_rows_as_before() {
    let all = blobs(320);
    let (rows, new) = all.split_at(300 * BLOBS_DIMENSION);
    for method in methods() {
        let projection = fitted(method.clone(), 3, 9, rows);
        let read = Projection::from_json(&projection.to_json()).unwrap();
        assert_eq!(read, projection, "{}", method.label());
        assert_eq!(read.transform(new).unwrap(), projection.transform(new).unwrap());
    }
}

#[test]
fn damaged_files_are_refused() {
    let whole = fitted(ProjectionMethod::Pca, 2, 0, &blobs(30)).to_json();
    let text = String::from_utf8(whole).unwrap();
    assert!(matches!(Projection::from_json(&text.as_bytes()[..text.len() / 2]), Err(ProjectionError::File { .. })));
    assert!(matches!(Projection::from_json(b"{\"format\":7}"), Err(ProjectionError::Format { found: 7, expected: 1 })));
    let other = text.replace("\"dimension\":24", "\"dimension\":23");
    assert!(matches!(Projection::from_json(other.as_bytes()), Err(ProjectionError::Inconsistent)));
    assert!(Projection::from_json(b"").is_err());
}

#[test]
fn cancelled_fits_return_the_map_so_far() {
    let rows = roll(300);
    for (method, after) in [
        (ProjectionMethod::TSne(TSneParams { perplexity: 10.0, n_epochs: 5000 }), 5),
        (ProjectionMethod::Umap(UmapParams::default()), 12),
        (ProjectionMethod::Umap(UmapParams::default()), 1),
    ] {
        let (mut n_asked, mut n_shown) = (0, 0);
        let params = ProjectionParams { method, n_dims: 2, seed: 0 };
        let mut observe = |progress: fillscape::jobs::Progress| {
            n_asked += 1;
            assert!(progress.total.is_some());
            if n_asked >= after { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        };
        let projection = fit_live(&params, &rows, ROLL_DIMENSION, &mut |_| n_shown += 1, &mut observe).unwrap();
        assert_eq!(projection.end(), FitEnd::Cancelled);
        assert_eq!(projection.map().len(), 300);
        assert!(projection.map().iter().flatten().all(|v| v.is_finite()));
        assert!(n_asked <= after + 1, "stopped at the next question");
        assert!(n_shown >= 1);
    }
}

#[test]
fn planes_pass_through_their_points() {
    let rows = blobs(20);
    let points: Vec<Vec<f64>> =
        rows.chunks(BLOBS_DIMENSION).take(3).map(|r| r.iter().map(|v| f64::from(*v)).collect()).collect();
    let plane = fitted(ProjectionMethod::Plane { points: points.clone() }, 2, 0, &rows);
    let distance = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| (a - b).powi(2)).sum::<f64>().sqrt();
    let on_map = |a: usize, b: usize| {
        let (p, q) = (plane.map()[a], plane.map()[b]);
        f64::from((p[0] - q[0]).hypot(p[1] - q[1]))
    };
    for (a, b) in [(0, 1), (0, 2), (1, 2)] {
        let (found, expected) = (on_map(a, b), distance(&points[a], &points[b]));
        assert!((found - expected).abs() < 1e-5 * expected, "points {a} and {b}: {found} {expected}");
    }
    assert_eq!(plane.placement(), Placement::Exact);
    let (origin, axes) = plane.plane().unwrap();
    assert_eq!((origin.len(), axes.len()), (BLOBS_DIMENSION, 2 * BLOBS_DIMENSION));
    let on_a_line = vec![vec![0.0; 24], vec![1.0; 24], vec![2.0; 24]];
    let params = ProjectionParams::plane(ProjectionMethod::Plane { points: on_a_line }, 0);
    let error = fit(&params, &rows, BLOBS_DIMENSION, &mut silent).unwrap_err();
    assert!(matches!(error, ProjectionError::Degenerate { found: 1, expected: 2, .. }), "{error}");
}

#[test]
fn hostile_rows_are_answered_in_words() {
    let mut rows = blobs(60);
    rows[25] = f32::NAN;
    for method in methods() {
        let params = ProjectionParams { method, n_dims: 2, seed: 0 };
        let error = fit(&params, &rows, BLOBS_DIMENSION, &mut silent).unwrap_err();
        assert!(matches!(error, ProjectionError::NotFinite { row: 1, column: 1, .. }), "{error}");
        assert!(fit(&params, &rows[..10], BLOBS_DIMENSION, &mut silent).is_err());
        let none = fit(&params, &[], BLOBS_DIMENSION, &mut silent);
        assert!(matches!(none, Err(ProjectionError::TooFew { .. })) || params.method.label() == "Plane through points");
        // All rows the same: a map, or an error in words; never a panic, never NaN.
        let same = vec![0.5; 60 * BLOBS_DIMENSION];
        match fit(&params, &same, BLOBS_DIMENSION, &mut silent) {
            Ok(found) => assert!(found.map().iter().flatten().all(|v| v.is_finite()), "{}", params.method.label()),
            Err(error) => assert!(!error.to_string().is_empty()),
        }
    }
    let pca = fitted(ProjectionMethod::Pca, 2, 0, &blobs(60));
    assert!(matches!(pca.transform(&[1.0; 23]), Err(ProjectionError::Shape { found: 23, dimension: 24 })));
    assert!(pca.transform(&[]).unwrap().is_empty());
}

#[test]
fn parameters_out_of_range_are_named() {
    let wrong = [
        (ProjectionMethod::Umap(UmapParams { min_dist: 2.0, ..Default::default() }), "min_dist"),
        (ProjectionMethod::Umap(UmapParams { n_neighbours: 1, ..Default::default() }), "n_neighbours"),
        (ProjectionMethod::TSne(TSneParams { perplexity: f64::NAN, n_epochs: 5 }), "perplexity"),
        (
            ProjectionMethod::DiffusionMap(DiffusionMapParams { bandwidth: Some(0.0), ..Default::default() }),
            "bandwidth",
        ),
    ];
    for (method, expected) in wrong {
        let error = fit(&ProjectionParams::plane(method, 0), &blobs(60), BLOBS_DIMENSION, &mut silent).unwrap_err();
        assert!(matches!(error, ProjectionError::Parameter { name, .. } if name == expected), "{error}");
    }
    let params = ProjectionParams { n_dims: 4, ..Default::default() };
    assert!(fit(&params, &blobs(60), BLOBS_DIMENSION, &mut silent).is_err());
}
