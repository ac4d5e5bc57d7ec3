//! The card of a region: what it holds, how rough it is, what the model writes there.

use std::sync::Arc;

use eframe::egui::{self, Grid, RichText, Sense, Ui, vec2};

use crate::app::action::{PictureAction, WindowAction};
use crate::app::data::{DataSet, SetOperation, number};
use crate::app::model_session::thousands;
use crate::app::region::{Contrast, Probe, RegionCard};
use crate::app::theme::space;
use crate::app::widgets::{View, card, molecule, section};
use crate::workspace::NamedRegion;

/// Side of a drawn molecule.
const DRAWING: egui::Vec2 = vec2(112.0, 84.0);

/// Draws the card, or says that it is being measured.
pub fn ui(ui: &mut Ui, view: &mut View, region: &Arc<NamedRegion>) {
    let palette = view.palette;
    let Some(data) = view.state.data.clone() else { return };
    let found = view.state.regions.get(region, view.state.data_serial).cloned();
    match found {
        None => {
            ui.horizontal(|ui| {
                ui.spinner();
                ui.label(RichText::new("Measuring: see the jobs").color(palette.ink_weak));
            });
        }
        Some(Err(problem)) => {
            ui.colored_label(palette.danger, format!("The region could not be measured: {problem}"));
        }
        Some(Ok(found)) => {
            facts_ui(ui, view, &found);
            known_ui(ui, view, &data, &found);
            probe_ui(ui, view, &found);
            overlap_ui(ui, view, &found);
        }
    }
}

fn facts_ui(ui: &mut Ui, view: &mut View, found: &RegionCard) {
    let palette = view.palette;
    let n = view.state.n_rows();
    let line = |ui: &mut Ui, name: &str, value: String, hint: &str| {
        ui.label(RichText::new(name).color(palette.ink_weak)).on_hover_text(hint);
        ui.add(egui::Label::new(value).wrap()).on_hover_text(hint);
        ui.end_row();
    };
    Grid::new("region facts").num_columns(2).spacing(vec2(space::M, 3.0)).show(ui, |ui| {
        let share = 100.0 * found.rows.len() as f64 / n.max(1) as f64;
        line(
            ui,
            "Molecules",
            format!("{} of {} ({} %)", thousands(found.rows.len()), thousands(n), number(share)),
            "Known molecules whose latent vector lies in the region",
        );
        line(ui, "Minima", thousands(found.minima.len()), "Minima of the landscape that lie in the region");
        line(
            ui,
            "Frustration, minima",
            contrast_words(found.frustration.as_ref(), "fewer than two minima on a side: not known"),
            "Mean over minima of the sum of their barriers, near ones first (ℓ = 0.8), inside − outside, with a 95 % \
             bootstrap interval",
        );
        line(
            ui,
            "Frustration, map",
            contrast_words(found.on_map.as_ref(), "fewer than two molecules on a side: not known"),
            "The heatmap under the molecules, inside − outside, with a 95 % bootstrap interval; for the eye: a map does \
             not keep distances",
        );
        let area = found.area.map_or_else(|| "not known: no sample".into(), |part| format!("{} %", number(100.0 * part)));
        line(ui, "Area of the map", area, "Share of the map's cells with molecules or samples that hold a sample of it");
        let volume = match found.log_volume {
            Some(log) => format!("at most 10^{} of the latent box", number(log)),
            None => "not known for basins and combinations".into(),
        };
        line(ui, "Volume", volume, "Of the balls together, as if none overlapped");
        let extent = found.extent.map_or_else(|| "not known: no sample".into(), |r| format!("{} latent units", number(r)));
        line(ui, "Extent", extent, "Root mean square distance of samples to their middle");
        let [drawn, tried] = found.drawn;
        let cut = if found.cancelled { ", cancelled" } else { "" };
        let samples = format!("{} drawn of {} tried{cut}", thousands(drawn), thousands(tried));
        line(ui, "Samples", samples, "The first points that a fill set of this study is drawn from, by the same seed");
    });
    ui.horizontal_wrapped(|ui| {
        let button = ui.add_enabled(!found.rows.is_empty(), egui::Button::new("Select its molecules"));
        if button.on_disabled_hover_text("No known molecule lies in it").clicked() {
            let rows = found.rows.clone();
            view.ask(PictureAction::Select { rows, operation: SetOperation::Replace, by: "region" });
        }
        let button = ui.add_enabled(!found.minima.is_empty(), egui::Button::new("Mark its minima"));
        if button.on_disabled_hover_text("No minimum lies in it").clicked() {
            let minima = found.minima.clone();
            view.ask(crate::app::action::LandscapeAction::SelectMinima(minima));
        }
    });
}

/// A difference with its interval, and what it says.
fn contrast_words(contrast: Option<&Contrast>, missing: &str) -> String {
    let Some(c) = contrast else { return missing.to_owned() };
    let [low, high] = c.interval;
    format!(
        "{} inside, {} outside; difference {} [{}, {}]: {}",
        number(c.means[0]),
        number(c.means[1]),
        number(c.difference()),
        number(low),
        number(high),
        c.verdict()
    )
}

fn known_ui(ui: &mut Ui, view: &mut View, data: &DataSet, found: &RegionCard) {
    section(ui, &view.palette, "Nearest known molecules, by distance to the middle of the samples");
    if found.nearest.is_empty() {
        ui.label(RichText::new("No sample fell into the region").color(view.palette.ink_weak));
        return;
    }
    let palette = view.palette;
    ui.horizontal_wrapped(|ui| {
        for (row, distance) in &found.nearest {
            let inside = if found.rows.contains(*row) { "inside" } else { "outside" };
            let response = card(ui, &palette, |ui| {
                ui.vertical(|ui| {
                    ui.set_width(DRAWING.x);
                    let drawing = molecule(ui, view, &data.smiles[*row], DRAWING, Sense::click());
                    let words = format!("{} · {} {inside}", data.ids[*row], number(*distance));
                    ui.add(egui::Label::new(RichText::new(words).small().color(palette.ink_weak)).truncate());
                    drawing
                })
                .inner
            });
            if response.inner.hovered() && view.state.hovered != Some(*row) {
                view.ask(WindowAction::Hover(Some(*row)));
            }
        }
    });
}

fn probe_ui(ui: &mut Ui, view: &mut View, found: &RegionCard) {
    section(ui, &view.palette, "What the model writes there");
    let palette = view.palette;
    let probe = match &found.probe {
        None => {
            ui.label(RichText::new("Open a model to decode a few samples").color(palette.ink_weak));
            return;
        }
        Some(Err(problem)) => {
            ui.label(RichText::new(problem).color(palette.warn));
            return;
        }
        Some(Ok(probe)) => probe,
    };
    ui.label(probe_words(probe));
    ui.horizontal_wrapped(|ui| {
        for smiles in &probe.molecules {
            card(ui, &palette, |ui| molecule(ui, view, smiles, DRAWING, Sense::hover()));
        }
    });
}

fn probe_words(probe: &Probe) -> String {
    let percent = |share: f64| format!("{:.0} %", 100.0 * share);
    let report = &probe.report;
    format!(
        "{} samples decoded: {} valid, {} different, {} of these new, {} cut at the token limit, mean QED {}",
        report.n_tried,
        percent(report.validity),
        report.n_accepted,
        percent(report.novelty),
        percent(report.token_cap_rate),
        number(report.mean_qed)
    )
}

fn overlap_ui(ui: &mut Ui, view: &mut View, found: &RegionCard) {
    if found.overlap.is_empty() {
        return;
    }
    section(ui, &view.palette, "Overlap with other regions");
    for (name, share, n) in &found.overlap {
        ui.label(format!(
            "{name}: {:.0} % of the samples of this one, {} molecules in both",
            100.0 * share,
            thousands(*n)
        ));
    }
}
