//! What is known of a region: measured in a job, from the molecules, the landscape and the model.

use std::collections::BTreeSet;
use std::ops::ControlFlow;
use std::path::PathBuf;
use std::sync::Arc;

use super::Contrast;
use crate::app::data::{DataSet, Latents, RowSet};
use crate::app::event::told;
use crate::app::model_session::{ForeignModel, LoadedModel};
use crate::app::study::Landscape;
use crate::fill::region::SampleParams;
use crate::fill::{Candidate, FillReport, FillSet, FillSetParams, KnownMolecules, Region};
use crate::jobs::{Observe, Progress};
use crate::landscape::{METRIC_LENGTH_SCALE, frustration_of_minima};
use crate::projection::{MapPoint, Projection};
use crate::render::FieldGrid;
use crate::workspace::pipeline::StoredTerrain;
use crate::workspace::regions::resolve;
use crate::workspace::{ArtefactId, NamedRegion, RegionDefinition, Study};

/// Points drawn to show where samples will fall.
const N_SAMPLES: usize = 256;
/// Of these, as many are decoded.
const N_PROBED: usize = 32;
/// Known molecules that are shown.
const N_NEAREST: usize = 6;
/// Cells along the map in which places are counted.
const CELLS: usize = 40;

/// What a region is measured against.
pub struct Ground {
    /// The folder of the study.
    pub folder: PathBuf,
    /// The molecules.
    pub data: Arc<DataSet>,
    /// The landscape, if one was explored.
    pub landscape: Option<Arc<Landscape>>,
    /// Where latent points stand on the map.
    pub projection: Option<Arc<Projection>>,
    /// Frustration on the map.
    pub frustration_on_map: Option<crate::render::Shared<FieldGrid>>,
    /// The open model.
    pub model: Result<Option<Arc<LoadedModel>>, ForeignModel>,
    /// All other regions.
    pub others: Vec<Arc<NamedRegion>>,
    /// The seed of the points that a fill set is drawn from, by the study's recipe.
    pub seed: u64,
}

/// What a decode probe came to.
#[derive(Debug, Clone, PartialEq)]
pub struct Probe {
    /// What became of the samples.
    pub report: FillReport,
    /// The different molecules they decode to, as SMILES.
    pub molecules: Vec<String>,
}

/// What is known of a region.
#[derive(Debug, Clone)]
pub struct RegionCard {
    /// The molecules that lie in it.
    pub rows: Arc<RowSet>,
    /// Minima of the landscape that lie in it.
    pub minima: Vec<u64>,
    /// Frustration (ℓ = 0.8) of the minima inside beside that of the rest; none with fewer than two on a side.
    pub frustration: Option<Contrast>,
    /// Frustration on the map at the molecules inside beside the rest.
    pub on_map: Option<Contrast>,
    /// Where samples fall on the map.
    pub places: Vec<MapPoint>,
    /// Samples drawn, and proposals made for them.
    pub drawn: [usize; 2],
    /// Root mean square distance of the samples to their middle, in latent units.
    pub extent: Option<f64>,
    /// Decimal logarithm of the largest share of the latent box that it can hold; known for balls and boxes.
    pub log_volume: Option<f64>,
    /// Share of the map with molecules that holds a sample.
    pub area: Option<f64>,
    /// The known molecules nearest to the middle of the samples: row and distance in latent units.
    pub nearest: Vec<(usize, f64)>,
    /// What a few samples decode to; none without a model.
    pub probe: Option<Result<Probe, String>>,
    /// Other regions: name, share of this one's samples that lie in it, molecules that lie in both.
    pub overlap: Vec<(String, f64, usize)>,
    /// Whether it was cut short.
    pub cancelled: bool,
}

/// Measures a region.
///
/// # Errors
/// A sentence: the study, a landscape or a molecule it was chosen on is not there.
pub fn measure(region: &NamedRegion, ground: &Ground, observe: Observe) -> Result<RegionCard, String> {
    let study = Study::open_read_only(&ground.folder).map_err(|error| told(&error))?;
    let latents = ground.data.latents.clone().ok_or("the molecules have no latent vectors")?;
    let stage = |observe: &mut dyn FnMut(Progress) -> ControlFlow<()>, stage| observe(Progress::new(stage, 0, None));
    let _ = stage(observe, "surface");
    let asker = Asker::new(&study, region, &ground.others)?;
    let shape = resolve(&region.definition, &study).map_err(|error| told(&error))?;
    let _ = stage(observe, "molecules");
    let rows = Arc::new(asker.rows(&shape, &latents)?);
    let minima = minima_inside(&asker, &shape, ground.landscape.as_deref())?;
    let _ = stage(observe, "samples");
    let params = SampleParams { n: N_SAMPLES, seed: ground.seed, ..SampleParams::default() };
    let terrain = asker.terrain.as_ref().map(|terrain| terrain.terrain(rayon::current_num_threads()));
    let sample = shape.sample(latents.dim, terrain.as_ref(), &params, observe).map_err(|error| told(&error))?;
    let places = match &ground.projection {
        Some(projection) if !sample.points.is_empty() => {
            projection.transform(&sample.points.concat()).map_err(|error| told(&error))?
        }
        _ => Vec::new(),
    };
    let middle = middle(&sample.points);
    let mut card = RegionCard {
        frustration: ground.landscape.as_deref().and_then(|landscape| {
            let of_minima = frustration_of_minima(&landscape.network, METRIC_LENGTH_SCALE);
            Contrast::of(&of_minima, |k| minima[k])
        }),
        on_map: on_map(ground, &rows),
        minima: ground.landscape.as_deref().map_or_else(Vec::new, |landscape| {
            let held = landscape.network.minima().iter().zip(&minima).filter(|(_, inside)| **inside);
            held.map(|(m, _)| u64::from(m.id.0)).collect()
        }),
        area: area(ground, &places),
        places,
        drawn: [sample.points.len(), sample.n_tried],
        extent: middle.as_deref().map(|middle| spread(&sample.points, middle)),
        log_volume: log_volume(&shape, latents.dim),
        nearest: middle.as_deref().map_or_else(Vec::new, |middle| nearest(&latents, middle)),
        probe: None,
        overlap: Vec::new(),
        cancelled: sample.cancelled,
        rows,
    };
    for other in &ground.others {
        let shape = resolve(&other.definition, &study).map_err(|error| told(&error))?;
        let points: Vec<&[f32]> = sample.points.iter().map(Vec::as_slice).collect();
        let held = asker.holds(&shape, &points)?.into_iter().filter(|held| *held).count();
        let shared = asker.rows(&shape, &latents)?;
        let shared = shared.combined(&card.rows, crate::app::data::SetOperation::Intersect).len();
        card.overlap.push((other.name.clone(), held as f64 / points.len().max(1) as f64, shared));
    }
    match &ground.model {
        Ok(Some(model)) if stage(observe, "probe").is_continue() => {
            card.probe = Some(probe(&sample.points, model, &ground.data, observe));
        }
        Ok(_) => {}
        Err(foreign) => card.probe = Some(Err(foreign.to_string())),
    }
    Ok(card)
}

/// What answers whether points lie in regions.
struct Asker {
    terrain: Option<StoredTerrain>,
}

impl Asker {
    /// With the surface of the landscape that basins of any of the regions belong to.
    fn new(study: &Study, region: &NamedRegion, others: &[Arc<NamedRegion>]) -> Result<Self, String> {
        let mut landscapes = BTreeSet::new();
        basins_of(&region.definition, &mut landscapes);
        others.iter().for_each(|other| basins_of(&other.definition, &mut landscapes));
        let mut landscapes = landscapes.into_iter();
        let Some(first) = landscapes.next() else { return Ok(Self { terrain: None }) };
        if landscapes.next().is_some() {
            return Err("it names basins of more than one landscape, which cannot be told apart together".into());
        }
        let artefact = study.artefact(&first).map_err(|error| told(&error))?;
        Ok(Self { terrain: Some(StoredTerrain::read(study, &artefact).map_err(|error| told(&error))?) })
    }

    fn holds(&self, shape: &Region, points: &[&[f32]]) -> Result<Vec<bool>, String> {
        let terrain = self.terrain.as_ref().map(|terrain| terrain.terrain(rayon::current_num_threads()));
        shape.contains_all(points, terrain.as_ref()).map_err(|error| told(&error))
    }

    fn rows(&self, shape: &Region, latents: &Latents) -> Result<RowSet, String> {
        let rows: Vec<&[f32]> = latents.values.chunks_exact(latents.dim.max(1)).collect();
        let held = self.holds(shape, &rows)?;
        Ok(RowSet::of(rows.len(), held.iter().enumerate().filter(|(_, held)| **held).map(|(row, _)| row)))
    }
}

/// The landscapes whose basins a definition names.
fn basins_of(definition: &RegionDefinition, to: &mut BTreeSet<ArtefactId>) {
    match definition {
        RegionDefinition::Basin { landscape, .. } => {
            to.insert(landscape.clone());
        }
        RegionDefinition::Union(parts) | RegionDefinition::Intersection(parts) => {
            parts.iter().for_each(|part| basins_of(part, to));
        }
        RegionDefinition::Difference(parts) => parts.iter().for_each(|part| basins_of(part, to)),
        RegionDefinition::Around { .. }
        | RegionDefinition::TopContributions { .. }
        | RegionDefinition::Given(_)
        | RegionDefinition::Named(_) => {}
    }
}

/// Beside the minima of the landscape: whether each lies in the region.
fn minima_inside(asker: &Asker, shape: &Region, landscape: Option<&Landscape>) -> Result<Vec<bool>, String> {
    let Some(landscape) = landscape else { return Ok(Vec::new()) };
    let latents: Vec<Vec<f32>> =
        landscape.network.minima().iter().map(|m| m.x.iter().map(|x| (2.0 * x - 1.0) as f32).collect()).collect();
    let rows: Vec<&[f32]> = latents.iter().map(Vec::as_slice).collect();
    asker.holds(shape, &rows)
}

/// The value of the map's frustration at the molecules inside beside the rest.
fn on_map(ground: &Ground, rows: &RowSet) -> Option<Contrast> {
    let grid = ground.frustration_on_map.as_ref()?;
    let map = ground.data.map.as_ref()?;
    let value = |place: &[f32; 2]| {
        let at = [0, 1].map(|k| {
            let [low, high] = [grid.corners[0][k], grid.corners[1][k]];
            (f64::from(place[k]) - low) / (high - low) * grid.size[k] as f64
        });
        let inside = (0..2).all(|k| at[k] >= 0.0 && at[k] < grid.size[k] as f64);
        if inside { f64::from(grid.values[at[1] as usize * grid.size[0] + at[0] as usize]) } else { f64::NAN }
    };
    let values: Vec<f64> = map.places.iter().map(value).collect();
    Contrast::of(&values, |row| rows.contains(row))
}

fn middle(points: &[Vec<f32>]) -> Option<Vec<f64>> {
    let first = points.first()?;
    let mut middle = vec![0.0; first.len()];
    for point in points {
        middle.iter_mut().zip(point).for_each(|(m, z)| *m += f64::from(*z) / points.len() as f64);
    }
    Some(middle)
}

fn distance2(point: &[f32], middle: &[f64]) -> f64 {
    point.iter().zip(middle).map(|(z, m)| (f64::from(*z) - m).powi(2)).sum()
}

fn spread(points: &[Vec<f32>], middle: &[f64]) -> f64 {
    (points.iter().map(|point| distance2(point, middle)).sum::<f64>() / points.len() as f64).sqrt()
}

fn nearest(latents: &Latents, middle: &[f64]) -> Vec<(usize, f64)> {
    let rows = latents.values.chunks_exact(latents.dim.max(1)).enumerate();
    let mut found: Vec<(usize, f64)> = rows
        .map(|(row, latent)| (row, distance2(latent, middle).sqrt()))
        .filter(|(_, distance)| distance.is_finite())
        .collect();
    found.sort_by(|a, b| a.1.total_cmp(&b.1).then(a.0.cmp(&b.0)));
    found.truncate(N_NEAREST);
    found
}

/// The decimal logarithm of the share of the box [−1, 1]^d that balls (together, as if none overlapped) or a box hold.
fn log_volume(shape: &Region, d: usize) -> Option<f64> {
    let of_box = d as f64 * 2f64.ln();
    match shape {
        Region::Everywhere => Some(0.0),
        Region::Balls(balls) => {
            // ln of the volume of the unit ball: (d/2) ln π − ln Γ(d/2 + 1).
            let unit = 0.5 * d as f64 * std::f64::consts::PI.ln() - ln_gamma_half(d + 2);
            let logs = balls.radii.iter().filter(|r| **r > 0.0).map(|r| unit + d as f64 * f64::from(*r).ln());
            let logs: Vec<f64> = logs.collect();
            let largest = logs.iter().copied().fold(f64::NEG_INFINITY, f64::max);
            let sum: f64 = logs.iter().map(|log| (log - largest).exp()).sum();
            largest.is_finite().then(|| (largest + sum.ln() - of_box) / std::f64::consts::LN_10)
        }
        Region::Box { lower, upper } => {
            let widths = lower.iter().zip(upper).map(|(l, u)| f64::from(u.min(1.0) - l.max(-1.0)).max(0.0).ln());
            let sum = widths.sum::<f64>();
            sum.is_finite().then(|| (sum - of_box) / std::f64::consts::LN_10)
        }
        _ => None,
    }
}

/// ln Γ(n / 2) for n ≥ 1, by the recurrence from Γ(1/2) and Γ(1).
fn ln_gamma_half(n: usize) -> f64 {
    let (mut value, mut at) = if n.is_multiple_of(2) { (0.0, 2) } else { (0.5 * std::f64::consts::PI.ln(), 1) };
    while at < n {
        value += (0.5 * at as f64).ln();
        at += 2;
    }
    value
}

/// Cells of the map with a sample, of those with a molecule or a sample.
fn area(ground: &Ground, places: &[MapPoint]) -> Option<f64> {
    let map = ground.data.map.as_ref()?;
    let home = crate::app::map::home(&map.places);
    let cell = |place: &[f32; 2]| {
        let at = [0, 1].map(|k| ((place[k] - home.centre[k]) / home.span + 0.5) * CELLS as f32);
        at.iter().all(|v| v.is_finite()).then(|| at.map(|v| v.floor() as i32))
    };
    let sampled: BTreeSet<[i32; 2]> = places.iter().filter_map(|[x, y, _]| cell(&[*x, *y])).collect();
    let held: BTreeSet<[i32; 2]> = map.places.iter().filter_map(cell).collect();
    let all = held.union(&sampled).count();
    (all > 0 && !places.is_empty()).then(|| sampled.len() as f64 / all as f64)
}

fn probe(points: &[Vec<f32>], model: &LoadedModel, data: &DataSet, observe: Observe) -> Result<Probe, String> {
    let few = points.iter().take(N_PROBED);
    let candidates: Vec<Candidate> = few.map(|latent| Candidate { latent: latent.clone(), roughness: None }).collect();
    if candidates.is_empty() {
        return Err("no sample fell into the region".into());
    }
    let known = KnownMolecules::new(&data.smiles);
    let params = FillSetParams { n: candidates.len(), ..FillSetParams::default() };
    let set = FillSet::generate(&model.model, &candidates, &known, &params, observe).map_err(|error| told(&error))?;
    let molecules = set.molecules.iter().map(|molecule| molecule.smiles.clone()).collect();
    Ok(Probe { report: set.report, molecules })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fill::region::Balls;

    #[test]
    fn volumes_are_those_of_balls_and_boxes() {
        let ball = |d: usize, r: f32| Region::Balls(Balls { centres: vec![vec![0.0; d]], radii: vec![r] });
        // π/4 of a square, π/6 of a cube.
        for (d, share) in [(2, std::f64::consts::PI / 4.0), (3, std::f64::consts::PI / 6.0)] {
            let found = log_volume(&ball(d, 1.0), d).unwrap();
            assert!((found - share.log10()).abs() < 1e-12, "{d} dimensions: {found} is not {}", share.log10());
        }
        let half = Region::Box { lower: vec![-1.0; 3], upper: vec![0.0; 3] };
        assert!((log_volume(&half, 3).unwrap() - 0.125f64.log10()).abs() < 1e-12);
        let two = Region::Balls(Balls { centres: vec![vec![0.0; 2]; 2], radii: vec![0.5, 0.5] });
        assert!((log_volume(&two, 2).unwrap() - (std::f64::consts::PI / 8.0).log10()).abs() < 1e-12);
        assert_eq!(log_volume(&Region::Union(vec![]), 2), None);
    }
}
