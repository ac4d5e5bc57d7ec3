//! Molecules of a study or a file, their latent vectors and their map.

use std::sync::Arc;

use crate::app::data::{Column, DataSet, Latents, MapPlaces, Values};
use crate::app::event::told;
use crate::chem::selfies;
use crate::jobs::Observe;
use crate::model::{FoundationModel, SelfiesTed, Unknown};
use crate::projection::{self, Projection, ProjectionMethod, ProjectionParams};
use crate::workspace::Points;

/// Seed of maps that the window makes.
const MAP_SEED: u64 = 0;

/// The rows of a table of molecules with their latent vectors.
pub fn data_set(points: &Points) -> DataSet {
    let table = &points.molecules;
    let number = |column: &crate::workspace::NumericColumn| Column {
        name: column.name.clone(),
        unit: DataSet::usual_unit(&column.name).to_owned(),
        values: Values::Number(column.values.clone()),
    };
    let mut columns: Vec<Column> = table.numbers.iter().map(number).collect();
    columns.push(Column { name: "SELFIES".into(), unit: String::new(), values: Values::Text(table.selfies.clone()) });
    DataSet {
        ids: table.ids.clone(),
        smiles: table.smiles.clone(),
        columns,
        latents: Some(Arc::new(Latents { dim: points.dimension, values: points.latents.clone() })),
        ..DataSet::default()
    }
}

/// Principal axes of latent vectors.
///
/// # Errors
/// A sentence with the reason.
pub fn encode_map(latents: &[f32], dimension: usize, observe: Observe) -> Result<Projection, String> {
    let params = ProjectionParams::plane(ProjectionMethod::Pca, MAP_SEED);
    projection::fit(&params, latents, dimension, observe).map_err(|error| told(&error))
}

/// Where a projection puts the rows it was fitted to.
pub fn places(projection: &Projection) -> MapPlaces {
    let params = projection.params();
    let mut method = params.method.label().to_owned();
    if let Some(parts) = projection.explained_variance() {
        method.push_str(&format!(", {:.0} % of the variance", 100.0 * parts.iter().sum::<f64>()));
    }
    MapPlaces {
        places: projection.map().iter().map(|[x, y, _]| [*x, *y]).collect(),
        heights: if params.n_dims > 2 { projection.map().iter().map(|[_, _, z]| *z).collect() } else { Vec::new() },
        axes: MapPlaces::NUMBERED,
        method,
        seed: params.seed,
        trustworthiness: None,
        continuity: None,
    }
}

/// Latent vectors of every molecule and their map. A molecule that cannot be encoded gets no place.
///
/// # Errors
/// A sentence with the reason.
pub fn make_map(data: &DataSet, model: &SelfiesTed, observe: Observe) -> Result<(Latents, MapPlaces), String> {
    let vocabulary = model.vocabulary();
    let encodable = |smiles: &String| {
        let text = selfies::encode(smiles).ok()?;
        vocabulary.encode(&text, usize::MAX, Unknown::Refuse).ok().map(|_| text)
    };
    let texts: Vec<Option<String>> = data.smiles.iter().map(encodable).collect();
    let known: Vec<String> = texts.iter().flatten().cloned().collect();
    let latents = model.encode_latent(&known, Unknown::Refuse, observe).map_err(|error| told(&error))?;
    if latents.len() < known.len() {
        return Err(format!("cancelled after {} of {} molecules were encoded", latents.len(), known.len()));
    }
    let dim =
        latents.first().map(|latent| latent.0.len()).ok_or("none of the molecules can be encoded by this model")?;
    let flat: Vec<f32> = latents.iter().flat_map(|latent| &latent.0).copied().collect();
    let projection = encode_map(&flat, dim, observe)?;
    let mut map = places(&projection);
    let mut found = map.places.into_iter();
    map.places = texts.iter().map(|text| text.as_ref().and_then(|_| found.next()).unwrap_or([f32::NAN; 2])).collect();
    let n_missing = texts.len() - known.len();
    if n_missing > 0 {
        map.method.push_str(&format!(", {n_missing} molecules have no place: the model does not know their symbols"));
    }
    let mut rows = latents.into_iter();
    let missing = vec![f32::NAN; dim];
    let values = texts
        .iter()
        .flat_map(|text| text.as_ref().and_then(|_| rows.next()).map_or_else(|| missing.clone(), |row| row.0))
        .collect();
    Ok((Latents { dim, values }, map))
}
