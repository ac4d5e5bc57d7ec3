//! Figures: PNG of any size, SVG, legends; hostile input.

use super::scenes::{VIEWPORT, everything, points};
use fillscape::landscape::disconnectivity::{
    DisconnectivityGraph, LayoutParams, Levels, MergeTree, PruneParams, TreeLayout,
};
use fillscape::landscape::{KineticTransitionNetwork, Support};
use fillscape::render::figure::{Legend, MapFigure, Overlay, ProfilePoint, TreeFigure, path_profile, tree_figure};
use fillscape::render::{Camera, Drawing, GlyphShape, Picture, Scene, Theme, picture};

fn figure(scene: Scene, size: [f32; 2]) -> MapFigure {
    MapFigure {
        scene,
        camera: None,
        title: "A map of <everything> & more".into(),
        footer: "seed 3".into(),
        size,
        overlays: Vec::new(),
    }
}

fn decoded(bytes: &[u8]) -> Picture {
    let mut reader = png::Decoder::new(std::io::Cursor::new(bytes)).read_info().unwrap();
    let mut rgba = vec![0; reader.output_buffer_size().unwrap()];
    let info = reader.next_frame(&mut rgba).unwrap();
    assert_eq!((info.color_type, info.bit_depth), (png::ColorType::Rgba, png::BitDepth::Eight));
    Picture { size: [info.width, info.height], rgba }
}

#[test]
fn png_has_the_size_asked_for_and_comes_back() {
    let figure = figure(everything(Theme::LIGHT), [640.0, 400.0]);
    for scale in [0.5, 1.0, 2.5] {
        let picture = figure.pixels(None, scale).unwrap();
        assert_eq!(picture.size, [(640.0 * scale) as u32, (400.0 * scale) as u32]);
        let back = decoded(&picture.png(scale).unwrap());
        assert_eq!(back, picture);
        assert!(picture.rgba.as_chunks::<4>().0.iter().all(|p| p[3] == 255), "no hole in the page");
        let title = (4..(34.0 * scale) as usize).flat_map(|y| (0..(300.0 * scale) as usize).map(move |x| (x, y)));
        let ink = title.filter(|(x, y)| picture.pixel(*x, *y)[0] < 140).count() as f32;
        assert!(ink > 150.0 * scale * scale, "the title is there: {ink} dark pixels");
    }
}

#[test]
fn overlays_lie_over_the_map_and_end_at_its_border() {
    let plain = figure(Scene { points: Some(points(50, true)), ..Scene::default() }, [640.0, 400.0]);
    let far = [[-1e3, 0.0, 0.0], [1e3, 0.0, 0.0]].to_vec();
    let line = Overlay::Line { places: far, colour: [255, 0, 255, 255], width: 3.0 };
    let crosses = Overlay::Crosses { places: vec![[0.0; 3], [f32::NAN; 3]], colour: [255, 0, 255, 255] };
    let mut with = MapFigure { overlays: vec![line, crosses], ..plain.clone() };
    with.camera = Some(Camera::framing([[-1.0; 3], [1.0; 3]], true, with.map_size()));
    let before = MapFigure { camera: with.camera, ..plain };
    let magenta = |pixel: [u8; 4]| pixel[0] > 200 && pixel[1] < 60 && pixel[2] > 200;
    let picture = with.pixels(None, 1.0).unwrap();
    let coloured: Vec<usize> = (0..640).filter(|x| (0..400).any(|y| magenta(picture.pixel(*x, y)))).collect();
    assert!(coloured.len() > 300, "the line is seen on {} columns", coloured.len());
    assert!(coloured.iter().all(|x| (14..=626).contains(x)), "it leaves the map: {coloured:?}");
    assert!(!before.pixels(None, 1.0).unwrap().rgba.as_chunks::<4>().0.iter().any(|p| magenta(*p)));
    let n_lines = |figure: &MapFigure| figure.drawing().svg().unwrap().matches("#ff00ff").count();
    assert!(n_lines(&before) == 0 && n_lines(&with) == 3, "{} lines", n_lines(&with));
}

#[test]
fn the_same_figure_gives_the_same_bytes() {
    let figure = figure(everything(Theme::DARK), [640.0, 400.0]);
    assert_eq!(figure.pixels(None, 1.0).unwrap(), figure.pixels(None, 1.0).unwrap());
    assert_eq!(figure.drawing().svg().unwrap(), figure.drawing().svg().unwrap());
}

/// Tags that open and close in order, and attributes in quotes.
fn assert_well_formed(svg: &str) {
    let mut open: Vec<&str> = Vec::new();
    for part in svg.split('<').skip(1) {
        let (tag, text) = part.split_once('>').expect("a tag ends");
        assert!(!text.contains('>'), "text is escaped: {text}");
        assert_eq!(tag.matches('"').count() % 2, 0, "quotes are paired: {tag}");
        let name = tag.trim_start_matches('/').split([' ', '/']).next().unwrap();
        if tag.starts_with('/') {
            assert_eq!(open.pop(), Some(name));
        } else if !tag.ends_with('/') {
            open.push(name);
        }
    }
    assert!(open.is_empty(), "left open: {open:?}");
}

#[test]
fn svg_is_vector_but_for_fields_and_many_points() {
    let few = figure(everything(Theme::LIGHT), [640.0, 400.0]).drawing().svg().unwrap();
    assert_well_formed(&few);
    assert!(few.contains("A map of &lt;everything&gt; &amp; more"));
    assert_eq!(few.matches("<image").count(), 1, "the field alone is a picture");
    assert!(few.matches("<circle").count() > 300, "points are circles");
    let many = figure(Scene { points: Some(points(6000, true)), ..Scene::default() }, [640.0, 400.0]);
    let many = many.drawing().svg().unwrap();
    assert_well_formed(&many);
    assert_eq!((many.matches("<image").count(), many.matches("<circle").count()), (1, 0));
    assert!(many.len() < 1_500_000, "{} bytes", many.len());
    assert!(many.contains("6,000 points"));
}

#[test]
fn samples_are_said_to_be_samples() {
    let mut layer = points(3000, true);
    layer.at_most = Some(1000);
    let figure = figure(Scene { points: Some(layer), ..Scene::default() }, [640.0, 400.0]);
    let drawn = figure.drawn();
    assert!(drawn.sampled && drawn.shown < 1100 && drawn.loaded == 3000);
    let svg = figure.drawing().svg().unwrap();
    assert!(
        svg.contains(&format!(
            "{} of 3,000 points, a seeded sample",
            if drawn.shown >= 1000 { format!("1,{:03}", drawn.shown - 1000) } else { drawn.shown.to_string() }
        )),
        "{drawn:?}"
    );
}

#[test]
fn legends_name_what_occurs() {
    let legend = Legend::of(&everything(Theme::LIGHT));
    assert_eq!(legend.shapes, GlyphShape::ALL);
    let labels: Vec<&str> = legend.scales.iter().map(|s| s.label.as_str()).collect();
    assert_eq!(labels, ["response", "R", "barrier"]);
    assert!(legend.hatched && !legend.unknown);
    assert!(Legend::of(&Scene::default()).is_empty());
}

#[test]
fn trees_and_profiles_draw_all_their_points() {
    let mut ktn = KineticTransitionNetwork::in_unit_box(2);
    let ids: Vec<_> = (0..5)
        .map(|k| ktn.push_minimum(vec![0.2 * f64::from(k), 0.1], f64::from(k) * 0.1, Support::default()).unwrap())
        .collect();
    for (k, w) in ids.windows(2).enumerate() {
        ktn.push_transition_state(
            vec![0.1 + 0.2 * k as f64, 0.3],
            1.0 + 0.2 * k as f64,
            (w[0], w[1]),
            Support::default(),
        )
        .unwrap();
    }
    let graph = DisconnectivityGraph::new(&ktn, &MergeTree::new(&ktn), Levels::Exact, &PruneParams::default()).unwrap();
    let layout = TreeLayout::new(&graph, &LayoutParams::default());
    let figure = TreeFigure {
        layout: &layout,
        colours: None,
        selected: vec![ids[2]],
        energy_label: "energy (eV)".into(),
        title: String::new(),
        footer: String::new(),
    };
    let tree = tree_figure(&figure, &Theme::LIGHT, [500.0, 400.0]);
    let svg = tree.svg().unwrap();
    assert_well_formed(&svg);
    assert!(svg.contains("energy (eV)"));
    let point = |k: usize| ProfilePoint {
        length: k as f64,
        energy: (k % 2) as f64,
        shape: if k.is_multiple_of(2) { GlyphShape::Disc } else { GlyphShape::Diamond },
        label: k.to_string(),
    };
    let points: Vec<ProfilePoint> = (0..7).map(point).collect();
    let profile = path_profile(&points, "length", "energy", "t", "f", &Theme::DARK, [500.0, 400.0]);
    assert_well_formed(&profile.svg().unwrap());
    assert_eq!(profile.pixels(1.0).size, [500, 400]);
    for odd in [&points[..0], &points[..1]] {
        let drawing = path_profile(odd, "length", "energy", "", "", &Theme::LIGHT, [300.0, 200.0]);
        assert_well_formed(&drawing.svg().unwrap());
        drawing.pixels(1.0);
    }
}

#[test]
fn hostile_scenes_are_drawn_all_the_same() {
    let empty = figure(Scene::default(), [200.0, 120.0]);
    empty.pixels(None, 1.0).unwrap();
    assert_well_formed(&empty.drawing().svg().unwrap());
    let mut layer = points(50, true);
    layer.positions = vec![[f32::NAN, f32::INFINITY, 0.0]; 50].into();
    let scene = Scene { points: Some(layer.clone()), ..Scene::default() };
    let figure = figure(scene.clone(), [200.0, 120.0]);
    assert_eq!(figure.drawn().shown, 0);
    figure.pixels(None, 1.0).unwrap();
    // A mark list that is too short, a hovered point that does not exist, values that are missing.
    layer.marks = Some(vec![2].into());
    layer.hovered = Some(4_000_000);
    picture(None, &Scene { points: Some(layer), ..scene }, &super::scenes::camera(true), VIEWPORT).unwrap();
    // One pixel.
    Drawing::new([0.2, 0.2], [255; 4]).pixels(1.0).png(1.0).unwrap();
}
