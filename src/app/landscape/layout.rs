//! Places of the minima of a network on a plane.

use std::collections::BTreeMap;

use crate::app::study::{Landscape, NetworkOnMap};
use crate::jobs::Observe;
use crate::landscape::{MinimumId, NetworkLayout, NetworkLayoutParams, SpringStrength, network_layout};

/// By what minima are placed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Placing {
    /// As they stand on the map.
    Map,
    /// As on the map, then moved until joined ones are near.
    FromMap,
    /// By their connections: the lower a barrier, the stiffer the spring.
    #[default]
    Barriers,
}

impl Placing {
    /// All, in the order of menus.
    pub const ALL: [Self; 3] = [Self::Barriers, Self::FromMap, Self::Map];

    /// The words on screen.
    pub fn label(self) -> &'static str {
        match self {
            Self::Map => "Places of the map",
            Self::FromMap => "Map, then forces",
            Self::Barriers => "Forces by barriers",
        }
    }

    /// What it does.
    pub fn hint(self) -> &'static str {
        match self {
            Self::Map => "Every minimum where it stands on the map",
            Self::FromMap => "Start where the minima stand on the map, then let springs pull joined ones together",
            Self::Barriers => {
                "Springs between joined minima, stiffer where the barrier is low; a seed decides the start"
            }
        }
    }
}

/// What decides a layout, besides the network.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct LayoutRequest {
    /// By what.
    pub placing: Placing,
    /// Decides where points start.
    pub seed: u64,
}

/// Lays the network of a landscape out.
///
/// # Errors
/// A sentence: the map is asked for, and there is none.
pub fn lay_out(
    landscape: &Landscape,
    on_map: Option<&NetworkOnMap>,
    request: LayoutRequest,
    observe: Observe,
) -> Result<NetworkLayout, String> {
    let places = || {
        let network = on_map.ok_or("there is no map of this landscape to take places from")?;
        let place =
            |m: &crate::app::study::MinimumOnMap| Some((MinimumId(u32::try_from(m.id).ok()?), m.place.map(f64::from)));
        Ok::<_, String>(network.minima.iter().filter_map(place).collect::<BTreeMap<_, _>>())
    };
    let params = NetworkLayoutParams {
        seed: request.seed,
        springs: SpringStrength::ByBarrier,
        ..NetworkLayoutParams::default()
    };
    match request.placing {
        Placing::Map => Ok(NetworkLayout { places: places()?, converged: true }),
        Placing::FromMap => {
            let earlier = NetworkLayout { places: places()?, converged: false };
            let earlier = earlier.scaled_to_springs(&landscape.network);
            Ok(network_layout(&landscape.network, &params, Some(&earlier), observe))
        }
        Placing::Barriers => Ok(network_layout(&landscape.network, &params, None, observe)),
    }
}
