// Selected points: opaque discs with a ring, in the order of the data, above the others.
//
// Output: colours multiplied by opacity. Twin on the processor: `raster/points.rs`.

@vertex
fn vs_main(in: PointIn) -> PointOut {
    return place_point(in);
}

@fragment
fn fs_main(in: PointOut) -> @location(0) vec4<f32> {
    let outer = disc_coverage(in.position.xy, in.centre_px, in.radius_px + rim_px());
    let inner = disc_coverage(in.position.xy, in.centre_px, in.radius_px);
    return vec4<f32>(mix(points.rim.rgb, in.colour, inner) * outer, outer);
}
