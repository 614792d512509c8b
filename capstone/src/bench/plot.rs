//! What a size costs, as a picture.

use std::ops::Range;

use plotters::prelude::*;

/// Why a picture could not be drawn.
pub type PlotError = Box<dyn std::error::Error + Send + Sync>;

const BLUE: RGBColor = RGBColor(0x1f, 0x4e, 0x8c);
const BROWN: RGBColor = RGBColor(0xc0, 0x5a, 0x1c);

/// Draws measured numbers, all at least 0, and optionally what was expected; each named, as
/// points `(x, y)`. Returns the text of an SVG file.
///
/// # Errors
/// If nothing was measured, or the drawing library fails.
pub fn measured_curve(
    (x_axis, y_axis): (&str, &str),
    measured: (&str, Vec<(f64, f64)>),
    other: Option<(&str, Vec<(f64, f64)>)>,
) -> Result<String, PlotError> {
    let all = || measured.1.iter().chain(other.iter().flat_map(|(_, points)| points));
    let (width, height) =
        all().fold((0.0_f64, 0.0_f64), |(width, height), &(x, y)| (width.max(x), height.max(y)));
    if width <= 0.0 || height <= 0.0 {
        return Err("there is nothing to draw".into());
    }
    let axes = Axes {
        x: (x_axis, 0.0..width),
        y: (y_axis, 0.0..1.1 * height),
        names: SeriesLabelPosition::UpperLeft,
    };
    let other = other.map(|(name, points)| Curve { name, color: BROWN, points });
    let measured = Curve { name: measured.0, color: BLUE, points: measured.1 };
    draw(axes, other.into_iter().chain([measured]).collect())
}

struct Curve<'a> {
    name: &'a str,
    color: RGBColor,
    points: Vec<(f64, f64)>,
}

/// What stands at each axis and how far it goes, and where the curves' names stand.
struct Axes<'a> {
    x: (&'a str, Range<f64>),
    y: (&'a str, Range<f64>),
    names: SeriesLabelPosition,
}

/// Draws curves from back to front.
fn draw(axes: Axes<'_>, curves: Vec<Curve<'_>>) -> Result<String, PlotError> {
    let mut svg = String::new();
    {
        let area = SVGBackend::with_string(&mut svg, (760, 440)).into_drawing_area();
        area.fill(&WHITE)?;
        let mut chart = ChartBuilder::on(&area)
            .margin(16)
            .x_label_area_size(44)
            .y_label_area_size(56)
            .build_cartesian_2d(axes.x.1, axes.y.1)?;
        chart
            .configure_mesh()
            .x_desc(axes.x.0)
            .y_desc(axes.y.0)
            .x_label_formatter(&|x| x.to_string())
            .light_line_style(WHITE)
            .bold_line_style(BLACK.mix(0.08))
            .label_style(("sans-serif", 14))
            .axis_desc_style(("sans-serif", 15))
            .draw()?;
        for Curve { name, color, points } in curves {
            chart
                .draw_series(LineSeries::new(points, color.stroke_width(2)))?
                .label(name)
                .legend(move |at| key(at, color));
        }
        chart
            .configure_series_labels()
            .position(axes.names)
            .background_style(WHITE)
            .border_style(BLACK.mix(0.2))
            .label_font(("sans-serif", 14))
            .draw()?;
        area.present()?;
    }
    Ok(svg)
}

/// The little line beside a name.
fn key((x, y): (i32, i32), color: RGBColor) -> PathElement<(i32, i32)> {
    PathElement::new([(x, y), (x + 18, y)], color.stroke_width(2))
}
