//! How much the neighbourhood of each row changes between two versions of the same rows.

use super::error::ProjectionError;
use super::neighbours::nearest;
use super::rows::Rows;
use crate::jobs::Observe;
use std::collections::HashSet;

/// For each row the share of its `k` nearest neighbours in `before` that are not among its `k` nearest in `after`: 0 when
/// it has kept them all, 1 when none. Distances are Euclidean; no map is asked.
///
/// * `before`, `after` – n × `dimension` numbers each, the same things in the same order; finite
/// * returns none when `observe` breaks; zeros for fewer than two rows
///
/// # Errors
/// A number is not finite, or the two have different lengths.
pub fn neighbourhood_change(
    before: &[f32],
    after: &[f32],
    dimension: usize,
    k: usize,
    observe: Observe<'_>,
) -> Result<Option<Vec<f32>>, ProjectionError> {
    let (before, after) = (Rows::new(before, dimension)?, Rows::new(after, dimension)?);
    if before.len() != after.len() {
        return Err(ProjectionError::Versions { before: before.len(), after: after.len() });
    }
    let (n, k) = (before.len(), k.min(before.len().saturating_sub(1)));
    if k == 0 {
        return Ok(Some(vec![0.0; n]));
    }
    let Some(old) = nearest(&before, &before, k, true, observe) else { return Ok(None) };
    let Some(new) = nearest(&after, &after, k, true, observe) else { return Ok(None) };
    let change = |row: usize| {
        let kept: HashSet<u32> = new.of(row).iter().map(|neighbour| neighbour.index).collect();
        let lost = old.of(row).iter().filter(|neighbour| !kept.contains(&neighbour.index)).count();
        lost as f32 / k as f32
    };
    Ok(Some((0..n).map(change).collect()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::jobs::silent;

    #[test]
    fn only_rows_whose_neighbours_change_are_told() {
        // Two groups on a line; the last row of the first group moves to the second.
        let before = [0.0, 0.1, 0.25, 0.4, 10.0, 10.1, 10.25];
        let mut after = before;
        after[3] = 10.4;
        let change = neighbourhood_change(&before, &after, 1, 2, &mut silent).unwrap().unwrap();
        assert_eq!(change[3], 1.0);
        assert_eq!(change[0], 0.0);
        // Its neighbours were rows 1 and 3; now they are 1 and 0.
        assert_eq!(change[2], 0.5);
        // A shift of everything and a turn change nothing.
        let moved: Vec<f32> = before.iter().map(|x| 3.0 - x).collect();
        let change = neighbourhood_change(&before, &moved, 1, 2, &mut silent).unwrap().unwrap();
        assert!(change.iter().all(|c| *c == 0.0), "{change:?}");
    }

    #[test]
    fn different_lengths_are_refused_and_a_single_row_has_no_neighbours() {
        assert!(neighbourhood_change(&[0.0, 1.0], &[0.0], 1, 2, &mut silent).is_err());
        assert_eq!(neighbourhood_change(&[0.0], &[1.0], 1, 2, &mut silent).unwrap(), Some(vec![0.0]));
    }
}
