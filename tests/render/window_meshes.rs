//! The short shader for egui's triangles draws what egui's own does.

use std::sync::Arc;

use super::scenes::{camera, points};
use super::twins::gpu;
use eframe::egui;
use egui_kittest::Harness;
use fillscape::render::{MapReport, Scene, install, paint_map, take_over};

/// Text, curves, clipped content, and a map between what lies below and above it.
struct Window {
    scene: Arc<Scene>,
    report: MapReport,
    text: String,
}

impl eframe::App for Window {
    fn ui(&mut self, ui: &mut egui::Ui, _frame: &mut eframe::Frame) {
        egui::CentralPanel::default().show(ui, |ui| {
            ui.heading("Roughness, λ = 0.8 σ");
            ui.horizontal(|ui| {
                let _ = ui.button("Explore");
                ui.checkbox(&mut true, "Hatch weak support");
                ui.add(egui::Slider::new(&mut 0.3, 0.0..=1.0).text("threshold"));
            });
            egui::ScrollArea::vertical()
                .max_height(60.0)
                .show(ui, |ui| (0..20).for_each(|k| drop(ui.label(format!("{k}")))));
            let name = ui.label("SMILES");
            ui.text_edit_singleline(&mut self.text).labelled_by(name.id);
            let (rect, _) = ui.allocate_exact_size(ui.available_size(), egui::Sense::hover());
            let painter = ui.painter();
            painter.rect_filled(rect, 8.0, egui::Color32::from_rgb(40, 90, 60));
            let (report, camera) = (&self.report, camera(true));
            painter.add(paint_map(rect.shrink(30.0), 1, Arc::clone(&self.scene), camera, report));
            painter.circle_stroke(rect.center(), 41.5, egui::Stroke::new(3.0, egui::Color32::RED));
            painter.circle_filled(rect.center(), 23.0, egui::Color32::from_rgba_unmultiplied(20, 40, 250, 90));
        });
    }
}

/// Its size and pixels.
fn picture(taken_over: bool, px_per_point: f32) -> ((u32, u32), Vec<[u8; 4]>) {
    let builder = Harness::builder().with_size(egui::vec2(420.0, 360.0)).with_pixels_per_point(px_per_point).wgpu();
    let mut harness = builder.build_eframe(|cc| {
        let state = cc.wgpu_render_state.as_ref().expect("a window over wgpu");
        install(state);
        if taken_over {
            take_over(&cc.egui_ctx, state);
        }
        let scene = Scene { points: Some(points(300, true)), ..Scene::default() };
        Window { scene: Arc::new(scene), report: MapReport::default(), text: "CC(=O)O".to_owned() }
    });
    harness.run_steps(3);
    let picture = harness.render().expect("a picture of the window");
    (picture.dimensions(), picture.pixels().map(|pixel| pixel.0).collect())
}

#[test]
fn the_short_shader_draws_what_eguis_own_does() {
    if gpu().is_none() {
        return;
    }
    for px_per_point in [1.0, 1.5] {
        let ((size, ours), (expected_size, eguis)) = (picture(true, px_per_point), picture(false, px_per_point));
        assert_eq!(size, expected_size);
        let n_colours = eguis.iter().collect::<std::collections::HashSet<_>>().len();
        assert!(n_colours > 200, "only {n_colours} colours");
        let levels_apart = |(a, b): (&[u8; 4], &[u8; 4])| a.iter().zip(b).map(|(a, b)| a.abs_diff(*b)).max();
        let furthest = ours.iter().zip(&eguis).filter_map(levels_apart).max();
        // egui's filtering in the shader and the adapter's own differ in the last bits of their weights.
        assert!(furthest <= Some(2), "at {px_per_point}: up to {furthest:?} levels apart");
    }
}
