//! How rough the map is where each molecule stands: a column that ranks molecules.

use crate::app::data::{Column, DataSet, Values};
use crate::render::FieldGrid;

/// Name of the column: the value belongs to the picture, and is another one on another map.
pub const ROUGHNESS: &str = "Roughness on map";
/// Unit of the heatmap and of the column: energies of the landscape.
const ROUGHNESS_UNIT: &str = "units of E";

/// Puts the heatmap's value at the place of each molecule before the other columns; NaN without a place.
pub fn add_roughness(data: &mut DataSet, grid: &FieldGrid) {
    let Some(map) = data.map.clone() else { return };
    let values = map.places.iter().map(|place| value_at(grid, *place)).collect();
    data.columns.retain(|column| column.name != ROUGHNESS);
    let column = Column { name: ROUGHNESS.into(), unit: ROUGHNESS_UNIT.into(), values: Values::Number(values) };
    data.columns.insert(0, column);
}

/// The field between its four nearest values; 0 outside of its rectangle, NaN at no place.
fn value_at(grid: &FieldGrid, place: [f32; 2]) -> f64 {
    let [columns, rows] = grid.size;
    if place.iter().any(|v| !v.is_finite()) || columns == 0 || rows == 0 {
        return f64::NAN;
    }
    let part = |k: usize| {
        let [low, high] = [grid.corners[0][k], grid.corners[1][k]];
        (f64::from(place[k]) - low) / (high - low)
    };
    if [0, 1].iter().any(|&k| !(0.0..=1.0).contains(&part(k))) {
        return 0.0;
    }
    let at = [0, 1].map(|k| (part(k) * grid.size[k] as f64 - 0.5).clamp(0.0, grid.size[k] as f64 - 1.0));
    let (x, y) = (at[0] as usize, at[1] as usize);
    let (fx, fy) = (at[0].fract(), at[1].fract());
    let value = |x: usize, y: usize| f64::from(grid.values[y.min(rows - 1) * columns + x.min(columns - 1)]);
    let row = |y: usize| value(x, y) * (1.0 - fx) + value(x + 1, y) * fx;
    row(y) * (1.0 - fy) + row(y + 1) * fy
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::data::MapPlaces;
    use std::sync::Arc;

    #[test]
    fn a_linear_field_is_read_exactly_and_nothing_is_made_up_outside() {
        let mut grid =
            FieldGrid { size: [4, 3], corners: [[0.0, 0.0], [4.0, 3.0]], values: Vec::new(), supported: Vec::new() };
        for y in 0..3 {
            for x in 0..4 {
                let [px, py] = grid.place(x, y);
                grid.values.push((2.0 * px - py) as f32);
            }
        }
        for (place, wanted) in [([0.5, 0.5], 0.5), ([1.75, 2.25], 1.25), ([3.5, 2.5], 4.5), ([5.0, 1.0], 0.0)] {
            let found = value_at(&grid, place);
            assert!((found - wanted).abs() < 1e-6, "{found} at {place:?}, wanted {wanted}");
        }
        assert!(value_at(&grid, [f32::NAN, 1.0]).is_nan());
    }

    #[test]
    fn the_column_stands_first_and_once() {
        let grid = FieldGrid { size: [1, 1], corners: [[0.0; 2], [1.0; 2]], values: vec![3.0], supported: Vec::new() };
        let map = MapPlaces {
            places: vec![[0.5, 0.5], [9.0, 9.0]],
            heights: Vec::new(),
            axes: MapPlaces::NUMBERED,
            method: String::new(),
            seed: 0,
            trustworthiness: None,
            continuity: None,
        };
        let mut data = DataSet { map: Some(Arc::new(map)), ..DataSet::default() };
        add_roughness(&mut data, &grid);
        add_roughness(&mut data, &grid);
        assert_eq!(data.columns.len(), 1);
        assert_eq!(data.columns[0].values, Values::Number(vec![3.0, 0.0]));
    }
}
