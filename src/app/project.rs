//! Other maps of the same molecules: fitted in a job, shown while they form, with how far to trust them.

use std::sync::{Arc, Mutex};

use super::app::App;
use super::data::{Latents, MapPlaces};
use super::event::{Event, told};
use super::picture::Step;
use super::state::Weight;
use super::study::{Field, Fields, Landscape, NetworkOnMap, add_roughness, fields, network_on_map, places};
use crate::jobs::{Observe, Progress};
use crate::projection::{FitEnd, MapPoint, Projection, ProjectionParams, Trust, TrustParams, fit_live, measure_trust};
use crate::workspace::pipeline::StoredSamples;

/// Molecules that are asked for their neighbours when trust is measured unasked: a seeded sample.
const QUICK_QUERIES: usize = 500;
/// Molecules of a map whose trust is measured unasked.
const MOST_MEASURED: usize = 20_000;

/// A map with what stands on it.
#[derive(Debug, Clone)]
pub struct MadeMap {
    /// The molecules.
    pub map: Arc<MapPlaces>,
    /// Minima and transition states.
    pub network: Option<Arc<NetworkOnMap>>,
    /// What the heatmap can show.
    pub fields: Fields,
    /// From latent space to the map.
    pub projection: Option<Arc<Projection>>,
}

/// Where the molecules are while a map forms: the latest places only.
#[derive(Debug, Clone, Default)]
pub struct Forming(Arc<Mutex<Option<Vec<MapPoint>>>>);

impl Forming {
    fn show(&self, places: Vec<MapPoint>) {
        if let Ok(mut latest) = self.0.lock() {
            *latest = Some(places);
        }
    }

    /// The places since the last time they were taken.
    pub fn take(&self) -> Option<Vec<MapPoint>> {
        self.0.lock().ok()?.take()
    }
}

/// Fits a map to the latent vectors that are finite, projects the landscape onto it, and measures how far to trust it.
/// None when it was cancelled.
fn project(
    latents: &Latents,
    params: &ProjectionParams,
    landscape: Option<&Landscape>,
    samples: Option<&StoredSamples>,
    forming: &Forming,
    observe: Observe,
) -> Result<Option<MadeMap>, String> {
    let rows: Vec<&[f32]> = latents.values.chunks_exact(latents.dim.max(1)).collect();
    let known: Vec<usize> = (0..rows.len()).filter(|&row| rows[row].iter().all(|x| x.is_finite())).collect();
    let flat: Vec<f32> = known.iter().flat_map(|&row| rows[row]).copied().collect();
    let spread = |map: &[MapPoint]| {
        let mut all = vec![[f32::NAN; 3]; rows.len()];
        known.iter().zip(map).for_each(|(&row, place)| all[row] = *place);
        all
    };
    let mut live = |map: &[MapPoint]| forming.show(spread(map));
    let projection = fit_live(params, &flat, latents.dim, &mut live, observe).map_err(|error| told(&error))?;
    if projection.end() == FitEnd::Cancelled {
        return Ok(None);
    }
    let _ = observe(Progress::new("trust", 0, None));
    let trust = measure_trust(&flat, latents.dim, projection.map(), &TrustParams::default(), observe).ok();
    let mut map = places(&projection);
    let spread = spread(projection.map());
    map.places = spread.iter().map(|[x, y, _]| [*x, *y]).collect();
    map.heights = if params.n_dims > 2 { spread.iter().map(|[_, _, z]| *z).collect() } else { Vec::new() };
    map.trustworthiness = trust.map(|trust| trust.trustworthiness);
    map.continuity = trust.map(|trust| trust.continuity);
    let network = landscape.and_then(|landscape| network_on_map(&landscape.network, &projection).ok());
    let fields = fields(landscape.zip(network.as_ref()), samples.zip(Some(&projection)), &map.places);
    let projection = Some(Arc::new(projection));
    Ok(Some(MadeMap { map: Arc::new(map), network: network.map(Arc::new), fields, projection }))
}

impl App {
    /// Fits another map in a job.
    pub(super) fn start_map(&mut self, params: ProjectionParams) {
        let latents = self.state.data.as_ref().and_then(|data| data.latents.clone());
        let Some(latents) = latents else {
            return self.say(Weight::Warning, "A map needs latent vectors: encode the molecules first (Data menu)");
        };
        let landscape = self.state.study.as_ref().and_then(|study| study.landscape.clone());
        let samples = self.state.study.as_ref().and_then(|study| study.samples.clone());
        let (serial, forming, asked) = (self.state.data_serial, self.forming.clone(), params.clone());
        let started = self.board.queue(
            &format!("Map by {}", params.method.label()),
            move |observe| project(&latents, &params, landscape.as_deref(), samples.as_deref(), &forming, observe),
            move |result| Event::Projected(serial, asked, result),
        );
        match started {
            Ok(id) => self.step_jobs.push((id, Step::Landscape)),
            Err(problem) => self.say(Weight::Failure, problem),
        }
    }

    /// Takes in a map that was fitted.
    pub(super) fn take_map(&mut self, serial: u64, params: ProjectionParams, result: Result<Option<MadeMap>, String>) {
        self.forming.take();
        self.state.forming = None;
        if serial != self.state.data_serial {
            return self.say(Weight::Note, "The map was dropped: the molecules changed while it was made");
        }
        match result {
            Ok(Some(made)) => {
                let before = self.state.picture.clone();
                let label = format!("Map by {}", params.method.label());
                // A map that was asked for by undo, redo or a kept view is no change of its own.
                if self.state.picture.projection.as_ref() != Some(&params) {
                    self.state.picture.projection = Some(params.clone());
                    self.state.picture.camera = None;
                    self.state.picture.orbit = None;
                    self.state.picture.in_space = params.n_dims > 2;
                    self.state.history.note(&label, &before, false);
                }
                self.put_map(Some(params), made);
                self.say(Weight::Note, format!("{label} is drawn"));
            }
            Ok(None) => self.say(Weight::Note, "The map stays as it was"),
            Err(problem) => self.say(Weight::Failure, format!("Could not draw the map: {problem}")),
        }
    }

    fn put_map(&mut self, params: Option<ProjectionParams>, made: MadeMap) {
        let Some(data) = self.state.data.as_mut() else { return };
        let data = Arc::make_mut(data);
        data.map = Some(made.map);
        if let Some(grid) = made.fields.get(Field::Roughness) {
            add_roughness(data, &grid);
        }
        if let Some(study) = self.state.study.as_mut() {
            study.network_on_map = made.network;
            study.fields = made.fields;
            study.projection = made.projection;
        }
        self.projection = params;
        self.state.data_serial += 1;
        self.state.hovered = None;
        self.state.highest = self.state.highest_row();
        if self.state.decoded_minima.is_empty() {
            self.decode_minima();
        }
        self.bring_back_exact_field();
    }

    /// Computes the field in the plane of the map again, where it is what the heatmap shows and this map is a plane.
    fn bring_back_exact_field(&mut self) {
        let Some(study) = &self.state.study else { return };
        let is_plane = study.projection.as_ref().is_some_and(|projection| projection.plane().is_some());
        let missing = self.state.picture.heatmap.field == Field::Exact && study.fields.get(Field::Exact).is_none();
        if missing && is_plane {
            self.compute_exact_field(false);
        }
    }

    /// Remembers the map that came with the molecules, and asks for the one the picture wants.
    pub(super) fn begin_maps(&mut self) {
        let map = self.state.data.as_ref().and_then(|data| data.map.clone());
        let study = self.state.study.as_ref();
        self.first_map = map.map(|map| MadeMap {
            map,
            network: study.and_then(|study| study.network_on_map.clone()),
            fields: study.map(|study| study.fields.clone()).unwrap_or_default(),
            projection: study.and_then(|study| study.projection.clone()),
        });
        self.projection = None;
        self.state.forming = None;
        self.measure_map();
        self.follow_picture();
        self.bring_back_exact_field();
    }

    /// Measures in a job how far the map can be trusted, where that takes moments.
    fn measure_map(&mut self) {
        let Some(data) = self.state.data.as_ref().filter(|data| data.n_rows() <= MOST_MEASURED) else { return };
        let (Some(map), Some(latents)) = (data.map.clone(), data.latents.clone()) else { return };
        if map.trustworthiness.is_some() {
            return;
        }
        let serial = self.state.data_serial;
        let started = self.board.start(
            "Measure the map",
            move |observe| {
                let finite = |x: &f32| x.is_finite();
                if !latents.values.iter().all(finite) || !map.places.iter().flatten().all(finite) {
                    return None;
                }
                let places: Vec<MapPoint> = (0..map.places.len()).filter_map(|row| map.in_space(row)).collect();
                let params = TrustParams { max_queries: QUICK_QUERIES, ..TrustParams::default() };
                measure_trust(&latents.values, latents.dim, &places, &params, observe).ok()
            },
            move |trust| Event::Measured(serial, trust),
        );
        if let Err(problem) = started {
            self.say(Weight::Failure, problem);
        }
    }

    /// Takes in how far the map can be trusted.
    pub(super) fn take_trust(&mut self, serial: u64, trust: Option<Trust>) {
        let Some(trust) = trust.filter(|_| serial == self.state.data_serial) else { return };
        let Some(map) = self.state.data.as_ref().and_then(|data| data.map.clone()) else { return };
        let (trustworthiness, continuity) = (Some(trust.trustworthiness), Some(trust.continuity));
        let map = Arc::new(MapPlaces { trustworthiness, continuity, ..(*map).clone() });
        if let Some(first) = self.first_map.as_mut() {
            first.map = map.clone();
        }
        if let Some(data) = self.state.data.as_mut() {
            Arc::make_mut(data).map = Some(map);
        }
    }

    /// Brings the map to what the picture says, after undo, redo or opening.
    pub(super) fn follow_picture(&mut self) {
        let wanted = self.state.picture.projection.clone();
        if wanted == self.projection {
            return;
        }
        match (wanted, self.first_map.clone()) {
            (Some(params), _) => self.start_map(params),
            (None, Some(first)) => self.put_map(None, first),
            (None, None) => {}
        }
    }
}
