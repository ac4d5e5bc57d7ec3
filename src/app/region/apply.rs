//! Changes of the regions, and the jobs that measure them.

use std::sync::Arc;

use super::{Ground, MEASURE, RegionCard, measure};
use crate::app::App;
use crate::app::action::RegionEdit;
use crate::app::event::Event;
use crate::app::picture::{Picture, Step};
use crate::app::study::{Field, plan_states};
use crate::workspace::NamedRegion;

/// Changes the regions of a picture.
pub fn edit(picture: &mut Picture, edit: RegionEdit) {
    match edit {
        RegionEdit::Add(region) => {
            let wanted = region.name.trim();
            let name = picture.free_region_name(if wanted.is_empty() { "Region" } else { wanted });
            picture.region = Some(name.clone());
            picture.regions.push(Arc::new(NamedRegion { name, definition: region.definition }));
        }
        RegionEdit::Show(name) => picture.region = name,
        RegionEdit::Rename(old, new) => {
            let new = new.trim().to_owned();
            let free = !new.is_empty() && picture.regions.iter().all(|region| region.name != new);
            let Some(region) = picture.regions.iter_mut().find(|region| region.name == old).filter(|_| free) else {
                return;
            };
            *region = Arc::new(NamedRegion { name: new.clone(), definition: region.definition.clone() });
            for chosen in [&mut picture.region, &mut picture.fill_region] {
                if chosen.as_ref() == Some(&old) {
                    *chosen = Some(new.clone());
                }
            }
        }
        RegionEdit::Remove(name) => {
            picture.regions.retain(|region| region.name != name);
            for chosen in [&mut picture.region, &mut picture.fill_region] {
                if chosen.as_ref() == Some(&name) {
                    *chosen = None;
                }
            }
        }
        RegionEdit::Fill(name) => picture.fill_region = name,
    }
}

impl App {
    /// Measures the region that is looked at, when nothing is known of it yet.
    pub(in crate::app) fn measure_region(&mut self) {
        let state = &self.state;
        if state.regions.pending.is_some() || state.picture.step != Step::Region {
            return;
        }
        let (Some(region), Some(study), Some(data)) =
            (state.picture.shown_region().cloned(), &state.study, state.data.clone())
        else {
            return;
        };
        let serial = state.data_serial;
        if state.regions.get(&region, serial).is_some() {
            return;
        }
        let ground = Ground {
            folder: study.folder.clone(),
            data,
            landscape: study.landscape.clone(),
            projection: study.projection.clone(),
            frustration_on_map: study.fields.get(Field::Frustration),
            model: state.model_of_study(),
            others: state.picture.regions.iter().filter(|other| **other != region).cloned().collect(),
            seed: study.draw_seed,
        };
        self.state.regions.pending = Some((region.clone(), serial));
        let asked = region.clone();
        let started = self.board.queue(
            MEASURE,
            move |observe| measure(&region, &ground, observe),
            move |result| Event::RegionMeasured(serial, asked, result),
        );
        self.told_start(started);
    }

    pub(in crate::app) fn take_region(
        &mut self,
        serial: u64,
        region: Arc<NamedRegion>,
        result: Result<RegionCard, String>,
    ) {
        self.state.regions.pending = None;
        if serial == self.state.data_serial {
            self.state.regions.keep(region, serial, result);
        }
    }

    /// Writes the regions into the study and finds out what now is stale, when the region to fill has changed.
    pub(in crate::app) fn keep_fill_region(&mut self) {
        let Some(study) = &self.state.study else { return };
        if study.fill_region() == self.state.picture.fill_region || !study.can_run() {
            return;
        }
        self.save_picture();
        self.look_what_is_stale();
    }

    /// Finds out in a job where the steps of the study stand, after its recipe has changed.
    pub(in crate::app) fn look_what_is_stale(&mut self) {
        let Some(study) = &self.state.study else { return };
        let folder = study.folder.clone();
        let (shown, model) = (folder.clone(), self.state.places.model.clone());
        let started = self.board.start(
            "Look what is stale",
            move |_| plan_states(&folder, model.as_deref()),
            move |states| Event::Planned(shown, states),
        );
        self.told_start(started);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fill::Region;
    use crate::workspace::RegionDefinition;

    fn everywhere(name: &str) -> RegionEdit {
        let definition = RegionDefinition::Given(Region::Everywhere);
        RegionEdit::Add(NamedRegion { name: name.into(), definition })
    }

    #[test]
    fn names_stay_different_and_choices_follow_them() {
        let mut picture = Picture::default();
        edit(&mut picture, everywhere("Lasso"));
        edit(&mut picture, everywhere("Lasso"));
        let names = |picture: &Picture| picture.regions.iter().map(|r| r.name.clone()).collect::<Vec<_>>();
        assert_eq!(names(&picture), ["Lasso", "Lasso 2"]);
        edit(&mut picture, RegionEdit::Fill(Some("Lasso".into())));
        edit(&mut picture, RegionEdit::Rename("Lasso".into(), "Lasso 2".into()));
        assert_eq!(names(&picture), ["Lasso", "Lasso 2"], "a name that is taken is refused");
        edit(&mut picture, RegionEdit::Rename("Lasso".into(), " Core ".into()));
        assert_eq!(picture.fill_region.as_deref(), Some("Core"));
        edit(&mut picture, RegionEdit::Remove("Core".into()));
        assert_eq!((names(&picture), picture.fill_region), (vec!["Lasso 2".to_owned()], None));
    }
}
