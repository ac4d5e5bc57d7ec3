//! Pictures as PNG files.

use super::raster::Picture;
use std::io::{Cursor, Write};

/// Why a picture could not be written.
#[derive(Debug, thiserror::Error)]
#[error("could not write a picture of {width} x {height} pixels as PNG")]
pub struct PngError {
    /// Its width.
    pub width: u32,
    /// Its height.
    pub height: u32,
    /// Why.
    #[source]
    pub source: png::EncodingError,
}

impl Picture {
    /// The bytes of a PNG file; `px_per_point` is written as its resolution (72 points an inch).
    ///
    /// # Errors
    /// When the picture has no pixels, or is too large for the format.
    pub fn png(&self, px_per_point: f32) -> Result<Vec<u8>, PngError> {
        let [width, height] = self.size;
        let error = |source| PngError { width, height, source };
        let mut bytes = Cursor::new(Vec::new());
        let mut encoder = png::Encoder::new(&mut bytes, width, height);
        encoder.set_color(png::ColorType::Rgba);
        encoder.set_depth(png::BitDepth::Eight);
        encoder.set_compression(png::Compression::High);
        encoder.set_source_srgb(png::SrgbRenderingIntent::Perceptual);
        let per_metre = (f64::from(px_per_point) * 72.0 / 0.0254).round() as u32;
        encoder.set_pixel_dims(Some(png::PixelDimensions { xppu: per_metre, yppu: per_metre, unit: png::Unit::Meter }));
        let mut writer = encoder.write_header().map_err(error)?;
        writer.write_image_data(&self.straight()).map_err(error)?;
        writer.finish().map_err(error)?;
        bytes.flush().map_err(|e| error(e.into()))?;
        Ok(bytes.into_inner())
    }

    /// Pixels with colours not multiplied by opacity, as files have them.
    fn straight(&self) -> Vec<u8> {
        let mut out = self.rgba.clone();
        for pixel in out.as_chunks_mut::<4>().0.iter_mut().filter(|p| p[3] != 255 && p[3] != 0) {
            let scale = 255.0 / f32::from(pixel[3]);
            for channel in &mut pixel[..3] {
                *channel = (f32::from(*channel) * scale).round().min(255.0) as u8;
            }
        }
        out
    }
}

/// Base64 (RFC 4648), for pictures inside SVG.
pub(crate) fn base64(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for group in bytes.chunks(3) {
        let word = group.iter().fold(0u32, |word, b| word << 8 | u32::from(*b)) << (8 * (3 - group.len()));
        for k in 0..4 {
            let digit = DIGITS[(word >> (18 - 6 * k) & 63) as usize] as char;
            text.push(if k <= group.len() { digit } else { '=' });
        }
    }
    text
}
