//! The outline of the land for a map of destinations, as SVG paths that a page can hold.
//!
//! Equirectangular: `x = (longitude + 180) · 10`, `y = (90 − latitude) · 10`, so that
//! `viewBox="0 0 3600 1800"` shows the whole world. Drawn from Natural Earth at 1:110 million.

/// Side lengths of the map's `viewBox`, which starts at 0 0.
pub const SIZE: (u32, u32) = (3600, 1800);

/// The land: the `d` attribute of one `path` to fill.
pub fn outline() -> &'static str {
    include_str!("../../../data/world-land.path")
}

/// Borders between countries: the `d` attribute of one `path` to stroke.
pub fn borders() -> &'static str {
    include_str!("../../../data/world-borders.path")
}

/// Where a place lies on the map.
pub fn point(latitude: f32, longitude: f32) -> (f32, f32) {
    ((longitude + 180.0) * 10.0, (90.0 - latitude) * 10.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every corner of a path of `M` and `l` with whole numbers.
    fn corners(path: &str) -> Vec<(i32, i32)> {
        let mut found = Vec::new();
        for part in path.split('M').skip(1) {
            let (start, steps) = part.trim_end_matches('z').split_once('l').unwrap();
            let numbers = |text: &str| -> Vec<i32> {
                let spaced = text.replace('-', " -");
                spaced.split_whitespace().map(|number| number.parse().unwrap()).collect()
            };
            let mut at = (0, 0);
            for step in [numbers(start), numbers(steps)].concat().chunks(2) {
                at = (at.0 + step[0], at.1 + step[1]);
                found.push(at);
            }
        }
        found
    }

    #[test]
    fn paths_are_small_and_inside_the_view_box() {
        for path in [outline(), borders()] {
            assert!(path.len() < 60_000);
            let corners = corners(path);
            assert!(corners.len() > 1000);
            let inside = |(x, y): &(i32, i32)| (0..=3600).contains(x) && (0..=1800).contains(y);
            assert_eq!(corners.iter().find(|corner| !inside(corner)), None);
        }
    }

    #[test]
    fn capes_are_where_sailors_expect_them() {
        let corners = corners(outline());
        let near = |latitude: f32, longitude: f32| {
            let (x, y) = point(latitude, longitude);
            corners.iter().any(|corner| (corner.0 as f32 - x).hypot(corner.1 as f32 - y) < 15.0)
        };
        assert!(near(-34.8, 20.0), "Cape Agulhas");
        assert!(near(36.0, -5.6), "Tarifa");
        assert!(near(-43.6, 146.8), "Tasmania's south");
        assert!(!near(0.0, -30.0), "the middle of the Atlantic");
    }
}
