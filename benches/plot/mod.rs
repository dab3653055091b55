//! A small plot of lines over two logarithmic axes, as SVG.

use std::fmt::Write;

use crate::measure::shown;

const WIDTH: f64 = 640.0;
const HEIGHT: f64 = 420.0;
const LEFT: f64 = 70.0;
const TOP: f64 = 40.0;
const RIGHT: f64 = 540.0;
const BOTTOM: f64 = 370.0;
const COLORS: [&str; 5] = ["#d6006c", "#1f6feb", "#6e7781", "#9a6700", "#1a7f37"];

/// Each line: its name and its points, statements and nanoseconds.
pub fn svg(lines: &[(&str, Vec<(f64, f64)>)]) -> String {
    let points = || lines.iter().flat_map(|(_, points)| points);
    let decades = |values: &mut dyn Iterator<Item = f64>| {
        let (low, high) = values.fold((f64::MAX, 0_f64), |(low, high), value| {
            (low.min(value), high.max(value))
        });
        (low.log10().floor() as i32, high.log10().ceil() as i32)
    };
    let (first_x, last_x) = decades(&mut points().map(|(x, _)| *x));
    let (first_y, last_y) = decades(&mut points().map(|(_, y)| *y));
    let along = |value: f64, first: i32, last: i32| {
        (value.log10() - f64::from(first)) / f64::from(last - first)
    };
    let x = |value: f64| LEFT + along(value, first_x, last_x) * (RIGHT - LEFT);
    let y = |value: f64| BOTTOM - along(value, first_y, last_y) * (BOTTOM - TOP);

    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {HEIGHT}\" font-family=\"sans-serif\" font-size=\"12\">\n\
         <rect width=\"{WIDTH}\" height=\"{HEIGHT}\" fill=\"white\"/>\n\
         <text x=\"{LEFT}\" y=\"22\" font-size=\"14\">W5: time of one decision by the statements of the principal</text>\n"
    );
    let line = |from: (f64, f64), to: (f64, f64)| {
        let ((x1, y1), (x2, y2)) = (from, to);
        format!("<path d=\"M{x1:.1} {y1:.1}L{x2:.1} {y2:.1}\" stroke=\"#d0d7de\"/>\n")
    };
    for decade in first_x..=last_x {
        let (value, at) = (10_f64.powi(decade), x(10_f64.powi(decade)));
        svg += &line((at, TOP), (at, BOTTOM));
        writeln!(
            svg,
            "<text x=\"{at:.1}\" y=\"{}\" text-anchor=\"middle\">{value}</text>",
            BOTTOM + 18.0
        )
        .unwrap();
    }
    for decade in first_y..=last_y {
        let (value, at) = (shown(10_f64.powi(decade)), y(10_f64.powi(decade)));
        let value = value.replace(".00", "").replace(".0", "");
        svg += &line((LEFT, at), (RIGHT, at));
        writeln!(
            svg,
            "<text x=\"{}\" y=\"{:.1}\" text-anchor=\"end\">{value}</text>",
            LEFT - 6.0,
            at + 4.0
        )
        .unwrap();
    }
    for ((name, points), color) in lines.iter().zip(COLORS) {
        let Some((last_x, last_y)) = points.last() else {
            continue;
        };
        let corners: Vec<String> = points
            .iter()
            .map(|(px, py)| format!("{:.1} {:.1}", x(*px), y(*py)))
            .collect();
        let width = if *name == "ramgate" { 3 } else { 1 };
        let path = corners.join("L");
        writeln!(
            svg,
            "<path d=\"M{path}\" fill=\"none\" stroke=\"{color}\" stroke-width=\"{width}\"/>"
        )
        .unwrap();
        let (end, level) = (x(*last_x) + 6.0, y(*last_y) + 4.0);
        writeln!(
            svg,
            "<text x=\"{end:.1}\" y=\"{level:.1}\" fill=\"{color}\">{name}</text>"
        )
        .unwrap();
    }
    svg + "</svg>\n"
}
