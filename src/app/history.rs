//! Undo and redo.

use super::picture::Picture;

/// Steps that are kept.
const MAX_STEPS: usize = 500;

/// One change: its name, and the picture before it.
#[derive(Debug, Clone)]
struct Change {
    label: String,
    before: Picture,
}

/// All changes, done and undone.
#[derive(Debug, Clone, Default)]
pub struct History {
    done: Vec<Change>,
    undone: Vec<Change>,
}

impl History {
    /// Notes a change about to be made. Changes of the same `label` in a row become one when `joins`: a drag is one step.
    pub fn note(&mut self, label: &str, before: &Picture, joins: bool) {
        let continues = joins && self.undone.is_empty() && self.done.last().is_some_and(|last| last.label == label);
        self.undone.clear();
        if continues {
            return;
        }
        self.done.push(Change { label: label.to_owned(), before: before.clone() });
        if self.done.len() > MAX_STEPS {
            self.done.remove(0);
        }
    }

    /// Takes the last change back.
    pub fn undo(&mut self, now: &mut Picture) -> Option<String> {
        let change = self.done.pop()?;
        self.undone.push(Change { label: change.label.clone(), before: std::mem::replace(now, change.before) });
        Some(change.label)
    }

    /// Makes the last undone change again.
    pub fn redo(&mut self, now: &mut Picture) -> Option<String> {
        let change = self.undone.pop()?;
        self.done.push(Change { label: change.label.clone(), before: std::mem::replace(now, change.before) });
        Some(change.label)
    }

    /// What undo would take back.
    pub fn next_undo(&self) -> Option<&str> {
        self.done.last().map(|change| change.label.as_str())
    }

    /// What redo would make again.
    pub fn next_redo(&self) -> Option<&str> {
        self.undone.last().map(|change| change.label.as_str())
    }

    /// Labels of the changes made, the first first, and of those undone, the next to redo first.
    pub fn labels(&self) -> (Vec<&str>, Vec<&str>) {
        let done = self.done.iter().map(|change| change.label.as_str()).collect();
        (done, self.undone.iter().rev().map(|change| change.label.as_str()).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::super::picture::Step;
    use super::*;

    #[test]
    fn undo_and_redo_walk_through_the_pictures_both_ways() {
        let mut history = History::default();
        let mut picture = Picture::default();
        let mut seen = vec![picture.clone()];
        for step in [Step::Region, Step::Compare, Step::Landscape] {
            history.note(step.label(), &picture, false);
            picture.step = step;
            seen.push(picture.clone());
        }
        for expected in seen[..3].iter().rev() {
            assert!(history.undo(&mut picture).is_some());
            assert_eq!(&picture, expected);
        }
        assert_eq!(history.undo(&mut picture), None);
        for expected in &seen[1..] {
            assert!(history.redo(&mut picture).is_some());
            assert_eq!(&picture, expected);
        }
        assert_eq!(history.redo(&mut picture), None);
    }

    #[test]
    fn a_drag_is_one_step_and_a_new_change_ends_redo() {
        let mut history = History::default();
        let mut picture = Picture::default();
        for size in [5.0, 6.0, 7.0] {
            history.note("Point size", &picture, true);
            picture.point_size = size;
        }
        assert_eq!(history.labels().0, ["Point size"]);
        history.undo(&mut picture);
        assert_eq!(picture.point_size, 4.0);
        history.note("Other", &picture, false);
        assert_eq!(history.next_redo(), None);
    }
}
