// Points that are not selected: discs whose optical depths add up, so that their order does not matter.
//
// Output: (colour x depth, depth) with depth = -ln(1 - opacity), added into a 16-bit float texture, which
// points_resolve.wgsl turns into colours. Twin on the processor: `raster/points.rs`.

const MOST_OPAQUE: f32 = 0.996;

@vertex
fn vs_main(in: PointIn) -> PointOut {
    return place_point(in);
}

@fragment
fn fs_main(in: PointOut) -> @location(0) vec4<f32> {
    let outer = disc_coverage(in.position.xy, in.centre_px, in.radius_px + rim_px());
    let inner = disc_coverage(in.position.xy, in.centre_px, in.radius_px);
    let depth = -log(1.0 - min(in.opacity * outer, MOST_OPAQUE));
    // Without a rim both are the same, and the colour is the disc's own up to its edge.
    let colour = mix(points.rim.rgb, in.colour, inner / max(outer, 1e-6));
    return vec4<f32>(colour * depth, depth);
}
