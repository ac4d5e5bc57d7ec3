//! Step 5: how the frustration of the landscape has changed, as a heatmap, or in words why there is none.

use std::sync::Arc;

use eframe::egui::{self, RichText, Role, Sense, Ui, WidgetInfo};
use egui_extras::{Column as Width, TableBuilder};

use crate::app::action::PictureAction;
use crate::app::data::number;
use crate::app::map::{Legend, Lens, home, legends_ui, theme};
use crate::app::theme::space;
use crate::app::tuning::Draft;
use crate::app::widgets::{View, empty};
use crate::render::{ColourMap, ColourScale, FieldLayer, MapReport, PointLayer, Scene, Shared, paint_map};
use crate::workspace::recipe::FrustrationMethod;

/// The maps of a window are told apart by a number.
const VIEW: u64 = 3;

/// The view.
#[derive(Debug, Default)]
pub struct FrustrationChangePanel {
    arm: usize,
    report: MapReport,
}

impl FrustrationChangePanel {
    /// Draws the view.
    pub fn ui(&mut self, ui: &mut Ui, view: &mut View) {
        let palette = view.palette;
        if view.state.study.is_none() {
            return empty(ui, &palette, "No study", "Open a study with a tuned model.", |_| {});
        }
        egui::Frame::new().inner_margin(space::M).show(ui, |ui| {
            method_ui(ui, view);
            figures_ui(ui, view);
            self.heatmap_ui(ui, view);
        });
    }

    fn heatmap_ui(&mut self, ui: &mut Ui, view: &mut View) {
        let palette = view.palette;
        let Some(study) = view.state.study.as_ref() else { return };
        if study.frustration_changes.is_empty() {
            let text = match &study.frustration {
                None => {
                    "There is no map of the change yet: it needs the landscape of the base model and those of the tuned models."
                }
                Some(_) if study.landscape.is_none() => {
                    "There is no map of the change: the landscape of the base model is missing."
                }
                Some(_) => {
                    "There is no map of the change: the landscapes of the tuned models were not explored, only points of the region were measured. Choose “Explore again” above and compare again."
                }
            };
            ui.label(text);
            return;
        }
        self.arm = self.arm.min(study.frustration_changes.len() - 1);
        ui.horizontal_wrapped(|ui| {
            for (k, (arm, _)) in study.frustration_changes.iter().enumerate() {
                ui.selectable_value(&mut self.arm, k, format!("{arm} minus base"));
            }
        });
        let Some(map) = view.state.data.as_ref().and_then(|data| data.map.clone()) else { return };
        let (arm, grid) = &study.frustration_changes[self.arm];
        let scale = ColourScale::over(ColourMap::BlueRed, &grid.values, "Change of frustration", "");
        let rect = ui.available_rect_before_wrap();
        let response = ui.interact(rect, ui.scope_id().with("frustration change"), Sense::hover());
        let least = grid.values.iter().copied().fold(0.0, f32::min);
        let most = grid.values.iter().copied().fold(0.0, f32::max);
        response.widget_info(|| {
            let text = format!(
                "Map of the change of frustration under {arm}: from {} where it is smoother to {} where it is rougher",
                number(f64::from(least)),
                number(f64::from(most))
            );
            WidgetInfo::labeled(Role::Image, true, text)
        });
        let places = map.places.iter().map(|[x, y]| [*x, *y, 0.0]).collect();
        let mut points = PointLayer::new(Shared::new(places), palette.ink_weak.to_srgba_unmultiplied());
        points.radius = 1.0;
        points.opacity = 0.35;
        let field =
            FieldLayer { grid: grid.clone(), scale: scale.clone(), opacity: 0.9, fade: 0.0, contours: vec![0.0] };
        let scene = Scene { theme: theme(&palette), fields: vec![field], points: Some(points), ..Scene::default() };
        let lens = Lens::new(home(&map.places), rect);
        let painter = ui.painter().with_clip_rect(rect);
        painter.rect_filled(rect, 0.0, palette.canvas);
        painter.add(paint_map(rect, VIEW, Arc::new(scene), lens.render_camera(), &self.report));
        legends_ui(ui, &palette, rect, &[Legend::Scale(scale)]);
    }
}

/// How it is measured the next time the study compares.
fn method_ui(ui: &mut Ui, view: &mut View) {
    let Some(draft) = view.state.draft() else { return };
    let mut changed = draft.frustration.clone();
    ui.horizontal_wrapped(|ui| {
        ui.label("When comparing:");
        for (method, words, hint) in [
            (
                FrustrationMethod::Landscape,
                "Explore again",
                "The response at all samples, a new surface and a new exploration for every arm: F itself, and the map of its change, at the price of another landscape each",
            ),
            (
                FrustrationMethod::Points,
                "Only points of the region",
                "The mean response at points of the region: cheap, and not F",
            ),
            (FrustrationMethod::None, "Not at all", "Frustration after tuning is not measured"),
        ] {
            ui.radio_value(&mut changed.method, method, words).on_hover_text(hint);
        }
    });
    if changed != draft.frustration {
        let what = "How frustration is measured";
        let draft = Arc::new(Draft { frustration: changed, ..(*draft).clone() });
        view.ask(PictureAction::Draft { draft, what, joins: false });
    }
}

/// Frustration and response of every arm.
fn figures_ui(ui: &mut Ui, view: &View) {
    let palette = view.palette;
    let Some(report) = view.state.study.as_ref().and_then(|study| study.frustration.as_ref()) else {
        ui.label(RichText::new("Frustration after tuning has not been measured yet.").color(palette.ink_weak));
        return;
    };
    ui.label(RichText::new(&report.method).color(palette.ink_weak));
    let names = ["Model", "F of the region", "Minima in it", "Mean response", "Points"];
    let height = 24.0 + 19.0 * report.arms.len() as f32;
    ui.scope(|ui| {
        ui.set_max_height(height);
        let mut table = TableBuilder::new(ui).id_salt("frustration").striped(true).vscroll(false);
        for _ in names {
            table = table.column(Width::initial(120.0).at_least(60.0).clip(true).resizable(true));
        }
        table
            .header(20.0, |mut header| {
                for name in names {
                    header.col(|ui| {
                        ui.label(RichText::new(name).color(palette.ink_weak));
                    });
                }
            })
            .body(|body| {
                body.rows(18.0, report.arms.len(), |mut line| {
                    let arm = &report.arms[line.index()];
                    let none = || "not measured".to_owned();
                    for text in [
                        arm.arm.clone(),
                        arm.frustration.map_or_else(none, number),
                        arm.n_minima.map_or_else(none, |n| n.to_string()),
                        number(arm.mean_response),
                        arm.n_points.to_string(),
                    ] {
                        line.col(|ui| {
                            ui.label(text);
                        });
                    }
                });
            });
    });
    ui.add_space(space::S);
}
