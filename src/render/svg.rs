//! Drawings as SVG: plain text, the same on every machine.

use super::drawing::{Anchor, Drawing, Mark, glyph_parts};
use super::png_file::{PngError, base64};
use super::theme::Rgba;
use std::fmt::Write;

impl Drawing {
    /// The drawing as an SVG document; images are embedded as PNG.
    ///
    /// # Errors
    /// When an image cannot be encoded.
    pub fn svg(&self) -> Result<String, PngError> {
        let [w, h] = self.size;
        let mut out = String::new();
        let _ = writeln!(
            out,
            "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{w}\" height=\"{h}\" viewBox=\"0 0 {w} {h}\" \
             font-family=\"Ubuntu, 'DejaVu Sans', Helvetica, Arial, sans-serif\" role=\"img\">"
        );
        if !self.title.is_empty() {
            let _ = writeln!(out, "<title>{}</title>", escaped(&self.title));
        }
        if self.background[3] > 0 {
            let _ = writeln!(out, "<rect width=\"{w}\" height=\"{h}\"{}/>", paint("fill", self.background));
        }
        for mark in &self.marks {
            write_mark(&mut out, mark)?;
        }
        out.push_str("</svg>\n");
        Ok(out)
    }
}

fn write_mark(out: &mut String, mark: &Mark) -> Result<(), PngError> {
    let _ = match mark {
        Mark::Line { places, colour, width, dash } => {
            let dashes = if *dash > 0.0 { format!(" stroke-dasharray=\"{dash} {dash}\"") } else { String::new() };
            writeln!(
                out,
                "<path d=\"{}\" fill=\"none\"{} stroke-width=\"{}\" stroke-linecap=\"round\" \
                 stroke-linejoin=\"round\"{dashes}/>",
                path(places, false),
                paint("stroke", *colour),
                short(*width)
            )
        }
        Mark::Area { corners, fill } => {
            writeln!(out, "<path d=\"{}\"{}/>", path(corners, true), paint("fill", *fill))
        }
        Mark::Disc { centre, radius, fill, border } => {
            let stroke = if border.1 > 0.0 {
                format!("{} stroke-width=\"{}\"", paint("stroke", border.0), short(border.1))
            } else {
                String::new()
            };
            let (x, y, r) = (short(centre[0]), short(centre[1]), short(*radius));
            writeln!(out, "<circle cx=\"{x}\" cy=\"{y}\" r=\"{r}\"{}{stroke}/>", paint("fill", *fill))
        }
        Mark::Glyph { centre, shape, radius, fill, halo, ring } => {
            for (grown, colour) in [(3.2, ring), (1.2, halo), (0.0, fill)] {
                if colour[3] > 0 {
                    let parts = glyph_parts(*shape, *radius, grown);
                    let moved = |p: &[f32; 2]| [centre[0] + p[0], centre[1] + p[1]];
                    let parts: Vec<String> =
                        parts.iter().map(|part| path(&part.iter().map(moved).collect::<Vec<_>>(), true)).collect();
                    let _ = writeln!(out, "<path d=\"{}\"{}/>", parts.concat(), paint("fill", *colour));
                }
            }
            Ok(())
        }
        Mark::Bar { corners: [upper, lower], map } => {
            let id = format!("bar{}", out.len());
            let mut stops = String::new();
            for k in (0..=255).step_by(15) {
                let [r, g, b] = map.table()[k];
                let offset = short(100.0 * k as f32 / 255.0);
                let _ = write!(stops, "<stop offset=\"{offset}%\" stop-color=\"#{r:02x}{g:02x}{b:02x}\"/>");
            }
            writeln!(
                out,
                "<defs><linearGradient id=\"{id}\" x1=\"0\" y1=\"1\" x2=\"0\" y2=\"0\">{stops}</linearGradient></defs>\n\
                 <rect x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\" fill=\"url(#{id})\"/>",
                short(upper[0]),
                short(upper[1]),
                short(lower[0] - upper[0]),
                short(lower[1] - upper[1])
            )
        }
        Mark::Text { place, text, size, colour, anchor, upward } => {
            let (x, y) = (short(place[0]), short(place[1]));
            let anchor = match anchor {
                Anchor::Start => "",
                Anchor::Middle => " text-anchor=\"middle\"",
                Anchor::End => " text-anchor=\"end\"",
            };
            let turn = if *upward { format!(" transform=\"rotate(-90 {x} {y})\"") } else { String::new() };
            let (fill, size) = (paint("fill", *colour), short(*size));
            writeln!(out, "<text x=\"{x}\" y=\"{y}\" font-size=\"{size}\"{fill}{anchor}{turn}>{}</text>", escaped(text))
        }
        Mark::Image { corners: [upper, lower], picture } => {
            let bytes = base64(&picture.png(1.0)?);
            writeln!(
                out,
                "<image x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\" preserveAspectRatio=\"none\" \
                 href=\"data:image/png;base64,{bytes}\"/>",
                short(upper[0]),
                short(upper[1]),
                short(lower[0] - upper[0]),
                short(lower[1] - upper[1])
            )
        }
    };
    Ok(())
}

fn path(places: &[[f32; 2]], closed: bool) -> String {
    let mut out = String::new();
    for (k, [x, y]) in places.iter().enumerate() {
        let _ = write!(out, "{}{} {}", if k == 0 { "M" } else { "L" }, short(*x), short(*y));
    }
    if closed {
        out.push('Z');
    }
    out
}

fn paint(name: &str, [r, g, b, a]: Rgba) -> String {
    match a {
        0 => format!(" {name}=\"none\""),
        255 => format!(" {name}=\"#{r:02x}{g:02x}{b:02x}\""),
        _ => format!(" {name}=\"#{r:02x}{g:02x}{b:02x}\" {name}-opacity=\"{}\"", short(f32::from(a) / 255.0)),
    }
}

/// At most two decimals.
fn short(value: f32) -> String {
    let text = format!("{value:.2}");
    let text = text.trim_end_matches('0').trim_end_matches('.');
    if text.is_empty() || text == "-0" { "0".to_owned() } else { text.to_owned() }
}

fn escaped(text: &str) -> String {
    let plain: String = text.chars().filter(|c| !c.is_control()).collect();
    plain.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_short_and_text_is_escaped() {
        assert_eq!(
            (short(1.5), short(2.0), short(-0.001), short(10.256)),
            ("1.5".into(), "2".into(), "0".into(), "10.26".into())
        );
        let mut drawing = Drawing::new([10.0, 10.0], [255; 4]);
        drawing.text([1.0, 2.0], "<a & \u{7}b>", 9.0, [0, 0, 0, 128], Anchor::Middle);
        let svg = drawing.svg().unwrap();
        assert!(svg.contains("&lt;a &amp; b&gt;</text>") && svg.contains("fill-opacity=\"0.5\""), "{svg}");
    }
}
