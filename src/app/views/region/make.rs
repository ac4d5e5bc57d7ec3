//! Making regions: from the selection, a threshold, the roughest pairs, basins, a ball, and from other regions.

use eframe::egui::{self, DragValue, Role, Ui, WidgetInfo};

use crate::app::action::{PictureAction, RegionEdit, Tool};
use crate::app::command::Command;
use crate::app::data::{DataSet, RowSet, Values};
use crate::app::model_session::thousands;
use crate::app::region;
use crate::app::widgets::{View, command_button, section};
use crate::fill::Region;
use crate::fill::region::Balls;
use crate::workspace::{NamedRegion, RegionDefinition};

/// What is half chosen.
#[derive(Debug)]
pub struct Making {
    percent: f64,
    radius: f32,
    column: Option<String>,
    below: bool,
    threshold: f64,
    other: Option<String>,
}

impl Default for Making {
    fn default() -> Self {
        Self { percent: 5.0, radius: 0.5, column: None, below: false, threshold: 0.0, other: None }
    }
}

/// How two regions become one.
#[derive(Debug, Clone, Copy)]
enum Joining {
    Either,
    Both,
    Without,
}

impl Making {
    /// Draws the ways to make a region.
    pub fn ui(&mut self, ui: &mut Ui, view: &mut View) {
        section(ui, &view.palette, "Make a region of");
        selection_ui(ui, view);
        self.threshold_ui(ui, view);
        self.rough_ui(ui, view);
        basins_ui(ui, view);
        self.ball_ui(ui, view);
        if view.state.picture.regions.len() > 1 {
            self.combine_ui(ui, view);
        }
    }

    fn threshold_ui(&mut self, ui: &mut Ui, view: &mut View) {
        let Some(data) = view.state.data.clone() else { return };
        let numeric: Vec<&str> =
            data.columns.iter().filter(|column| column.range().is_some()).map(|column| column.name.as_str()).collect();
        let Some(first) = numeric.first() else { return };
        if self.column.is_none() {
            self.column = Some((*first).to_owned());
            self.threshold = middle(&data, first);
        }
        let column = self.column.clone().unwrap_or_default();
        ui.horizontal_wrapped(|ui| {
            let choice =
                egui::ComboBox::from_id_salt("threshold column").width(86.0).selected_text(&column).show_ui(ui, |ui| {
                    for name in &numeric {
                        if ui.selectable_label(*name == column, *name).clicked() {
                            self.column = Some((*name).to_owned());
                            self.threshold = middle(&data, name);
                        }
                    }
                });
            choice.response.widget_info(|| WidgetInfo::labeled(Role::ComboBox, true, "Column of the threshold"));
            let sign = if self.below { "≤" } else { "≥" };
            if ui.button(sign).on_hover_text("At least, or at most").clicked() {
                self.below = !self.below;
            }
            let field = ui.add(DragValue::new(&mut self.threshold).speed(0.01));
            field.widget_info(|| WidgetInfo::labeled(Role::SpinButton, true, "Threshold"));
            let rows = passing(&data, &column, self.threshold, self.below);
            let button =
                ui.add_enabled(!rows.is_empty(), egui::Button::new(format!("Make ({})", thousands(rows.len()))));
            if button.on_hover_text("A region around the molecules on that side of the threshold").clicked() {
                around(view, &format!("{column} {sign} {}", crate::app::data::number(self.threshold)), &rows);
            }
        });
    }

    fn rough_ui(&mut self, ui: &mut Ui, view: &mut View) {
        let landscape = view.state.study.as_ref().and_then(|study| study.ids.landscape.clone());
        ui.horizontal_wrapped(|ui| {
            ui.label("Roughest");
            let field = ui.add(DragValue::new(&mut self.percent).range(0.1..=100.0).speed(0.1).suffix(" %"));
            field.widget_info(|| WidgetInfo::labeled(Role::SpinButton, true, "Percent of the roughest pairs"));
            let button = ui.add_enabled(landscape.is_some(), egui::Button::new("Make of the roughest"));
            let hint = "A ball around each of the most frustrated pairs of minimum and transition state";
            let clicked = button.on_hover_text(hint).on_disabled_hover_text("Explore the landscape first").clicked();
            if let (true, Some(landscape)) = (clicked, landscape) {
                let name = format!("Top {} % rough", crate::app::data::number(self.percent));
                add(view, &name, RegionDefinition::TopContributions { landscape, percent: self.percent });
            }
        });
    }

    fn ball_ui(&mut self, ui: &mut Ui, view: &mut View) {
        let centre = view.state.card_row();
        ui.horizontal_wrapped(|ui| {
            ui.label("Ball of radius");
            let field = ui.add(DragValue::new(&mut self.radius).range(0.001..=30.0).speed(0.01));
            field.widget_info(|| WidgetInfo::labeled(Role::SpinButton, true, "Radius of the ball, in latent units"));
            let data = view.state.data.clone();
            let found = centre
                .zip(data)
                .and_then(|(row, data)| Some((data.ids.get(row)?.clone(), data.latents.as_ref()?.row(row)?.to_vec())));
            let words = found.as_ref().map_or_else(|| "Make around…".to_owned(), |(id, _)| format!("Make around {id}"));
            let button = ui.add_enabled(found.is_some(), egui::Button::new(words).truncate());
            let why = "Select or pin a molecule first: the ball stands around it";
            let clicked = button.on_hover_text("In latent units").on_disabled_hover_text(why).clicked();
            if let (true, Some((id, latent))) = (clicked, found) {
                let balls = Balls { centres: vec![latent], radii: vec![self.radius] };
                add(view, &format!("Ball around {id}"), RegionDefinition::Given(Region::Balls(balls)));
            }
        });
    }

    fn combine_ui(&mut self, ui: &mut Ui, view: &mut View) {
        let Some(shown) = view.state.picture.shown_region().cloned() else { return };
        section(ui, &view.palette, "Combine the region looked at with");
        let others: Vec<_> =
            view.state.picture.regions.iter().filter(|region| region.name != shown.name).cloned().collect();
        let chosen = others.iter().find(|region| Some(&region.name) == self.other.as_ref()).or(others.first()).cloned();
        let Some(chosen) = chosen else { return };
        let choice = egui::ComboBox::from_id_salt("other region").selected_text(&chosen.name).show_ui(ui, |ui| {
            for region in &others {
                if ui.selectable_label(region.name == chosen.name, &region.name).clicked() {
                    self.other = Some(region.name.clone());
                }
            }
        });
        choice.response.widget_info(|| {
            let mut info = WidgetInfo::labeled(Role::ComboBox, true, "The other region");
            info.current_text_value = Some(chosen.name.clone());
            info
        });
        ui.horizontal_wrapped(|ui| {
            for (words, hint, joining) in [
                ("In either", "What lies in either of the two", Joining::Either),
                ("In both", "What lies in both", Joining::Both),
                ("Without", "What lies in the first but not in the other", Joining::Without),
            ] {
                if ui.button(words).on_hover_text(hint).clicked() {
                    combine(view, &shown, &chosen, joining);
                }
            }
        });
    }
}

fn selection_ui(ui: &mut Ui, view: &mut View) {
    ui.horizontal_wrapped(|ui| {
        let selection = view.state.picture.selection.clone();
        let words = format!("Selection ({})", thousands(selection.len()));
        let button = ui.add_enabled(!selection.is_empty(), egui::Button::new(words));
        let hint = "Balls around the selected molecules in latent space that reach to no other molecule";
        if button.on_hover_text(hint).on_disabled_hover_text("Select molecules on the map first").clicked() {
            around(view, "Selection", &selection);
        }
        for tool in [Tool::Lasso, Tool::Rectangle] {
            command_button(ui, view, Command::Tool(tool));
        }
    });
}

fn combine(view: &mut View, a: &NamedRegion, b: &NamedRegion, joining: Joining) {
    let parts = [a.definition.clone(), b.definition.clone()];
    let (word, definition) = match joining {
        Joining::Either => ("or", RegionDefinition::Union(parts.to_vec())),
        Joining::Both => ("and", RegionDefinition::Intersection(parts.to_vec())),
        Joining::Without => ("without", RegionDefinition::Difference(Box::new(parts))),
    };
    add(view, &format!("{} {word} {}", a.name, b.name), definition);
}

fn basins_ui(ui: &mut Ui, view: &mut View) {
    let landscape = view.state.study.as_ref().and_then(|study| study.ids.landscape.clone());
    let marked = view.state.marked_minima.clone();
    let words = match marked[..] {
        [one] => format!("Basin of minimum {one}"),
        _ => format!("Basins of the marked ({})", marked.len()),
    };
    let button = ui.add_enabled(landscape.is_some() && !marked.is_empty(), egui::Button::new(&words));
    let why = "Mark minima first: click a branch of the disconnectivity graph, or a minimum of the network";
    let hint = "Everything that flows down to the marked minima";
    let clicked = button.on_hover_text(hint).on_disabled_hover_text(why).clicked();
    if let (true, Some(landscape)) = (clicked, landscape) {
        let minima = marked.iter().filter_map(|id| u32::try_from(*id).ok());
        let mut parts: Vec<RegionDefinition> =
            minima.map(|minimum| RegionDefinition::Basin { landscape: landscape.clone(), minimum }).collect();
        let definition = if parts.len() == 1 { parts.remove(0) } else { RegionDefinition::Union(parts) };
        add(view, &words, definition);
    }
}

/// Adds a region around rows of the data set.
fn around(view: &mut View, name: &str, rows: &RowSet) {
    if let Ok(action) = region::around(view.state, name, rows) {
        view.ask(action);
    }
}

fn add(view: &mut View, name: &str, definition: RegionDefinition) {
    view.ask(PictureAction::Region(RegionEdit::Add(NamedRegion { name: name.to_owned(), definition })));
}

/// The rows of a column on one side of a threshold.
fn passing(data: &DataSet, column: &str, threshold: f64, below: bool) -> RowSet {
    let Some(Values::Number(values)) = data.column(column).map(|column| &column.values) else {
        return RowSet::empty(data.n_rows());
    };
    let passes = |value: f64| if below { value <= threshold } else { value >= threshold };
    RowSet::of(data.n_rows(), (0..values.len()).filter(|&row| passes(values[row])))
}

/// A threshold that about half of the molecules pass.
fn middle(data: &DataSet, column: &str) -> f64 {
    let Some(Values::Number(values)) = data.column(column).map(|column| &column.values) else { return 0.0 };
    let mut finite: Vec<f64> = values.iter().copied().filter(|value| value.is_finite()).collect();
    finite.sort_by(f64::total_cmp);
    finite.get(finite.len() / 2).copied().unwrap_or(0.0)
}

/// What a definition is, in words.
pub fn words(definition: &RegionDefinition) -> String {
    let joined = |parts: &[RegionDefinition], word: &str| {
        if parts.len() > 3 {
            return format!("{} parts joined by “{word}”", parts.len());
        }
        parts.iter().map(|part| format!("({})", words(part))).collect::<Vec<_>>().join(&format!(" {word} "))
    };
    match definition {
        RegionDefinition::Around { molecules, .. } => {
            format!("balls around {} molecules that reach to no other", thousands(molecules.len()))
        }
        RegionDefinition::Basin { minimum, .. } => format!("what flows down to minimum {minimum}"),
        RegionDefinition::TopContributions { percent, .. } => {
            format!("balls around the {percent} % most frustrated pairs")
        }
        RegionDefinition::Given(Region::Balls(balls)) => match balls.radii[..] {
            [radius] => format!("a ball of radius {radius} in latent space"),
            _ => format!("{} balls in latent space", balls.radii.len()),
        },
        RegionDefinition::Given(_) => "given in latent coordinates".into(),
        RegionDefinition::Union(parts) => joined(parts, "or"),
        RegionDefinition::Intersection(parts) => joined(parts, "and"),
        RegionDefinition::Difference(parts) => joined(&**parts, "without"),
        RegionDefinition::Named(name) => format!("“{name}”"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::data::Column;

    #[test]
    fn thresholds_split_the_rows_and_leave_out_what_has_no_value() {
        let values = Values::Number(vec![1.0, 2.0, f64::NAN, 3.0]);
        let data = DataSet {
            ids: ["a", "b", "c", "d"].map(str::to_owned).to_vec(),
            columns: vec![Column { name: "x".into(), unit: String::new(), values }],
            ..DataSet::default()
        };
        let rows = |below| passing(&data, "x", 2.0, below).iter().collect::<Vec<_>>();
        assert_eq!(rows(false), [1, 3]);
        assert_eq!(rows(true), [0, 1]);
        assert!((middle(&data, "x") - 2.0).abs() < f64::EPSILON);
        assert!(passing(&data, "y", 0.0, false).is_empty());
    }

    #[test]
    fn definitions_are_told_in_words() {
        let ball = RegionDefinition::Given(Region::Balls(Balls { centres: vec![vec![0.0]], radii: vec![0.5] }));
        let rest = RegionDefinition::Difference(Box::new([ball, RegionDefinition::Named("core".into())]));
        assert_eq!(words(&rest), "(a ball of radius 0.5 in latent space) without (“core”)");
    }
}
