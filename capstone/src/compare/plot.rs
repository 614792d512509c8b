//! A comparison as a picture: how each experiment learned, and where its trainings ended.

use std::error::Error;

use plotters::coord::Shift;
use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};

use super::{Comparison, Row};

type Result<T> = std::result::Result<T, Box<dyn Error + Send + Sync>>;
type Area<'a> = DrawingArea<SVGBackend<'a>, Shift>;

/// Told apart on paper and by most colour-blind eyes; more rows start again.
const COLORS: [RGBColor; 8] = [
    RGBColor(0x1f, 0x4e, 0x8c),
    RGBColor(0xc0, 0x5a, 0x1c),
    RGBColor(0x2f, 0x8a, 0x6c),
    RGBColor(0x9c, 0x2a, 0x6b),
    RGBColor(0xb3, 0x8a, 0x00),
    RGBColor(0x3f, 0xa7, 0xc9),
    RGBColor(0x6b, 0x6b, 0x6b),
    RGBColor(0x7a, 0x52, 0xa8),
];

/// Draws a comparison. Returns the text of an SVG file.
///
/// # Errors
/// If there are no rows, or the drawing library fails; it has no reason to.
pub fn draw(comparison: &Comparison) -> Result<String> {
    let rows = &comparison.rows;
    if rows.is_empty() {
        return Err("there is nothing to draw yet".into());
    }
    let height = 300 + 24 * rows.len().max(4) as u32;
    let mut svg = String::new();
    {
        let area = SVGBackend::with_string(&mut svg, (960, height)).into_drawing_area();
        area.fill(&WHITE)?;
        let (left, right) = area.split_horizontally(470);
        draw_curves(&left, rows, comparison.steps)?;
        draw_ends(&area, &right, rows)?;
        area.present()?;
    }
    Ok(svg)
}

/// The training loss of every row, the mean over its seeds. The first quarter, where all
/// fall steeply, is left out.
fn draw_curves(area: &Area<'_>, rows: &[Row], steps: usize) -> Result<()> {
    let late = |row: &Row| -> Vec<(usize, f64)> {
        let curve = row.curve();
        let skipped = curve.len() / 4;
        curve.into_iter().skip(skipped).collect()
    };
    let curves: Vec<_> = rows.iter().map(late).collect();
    let (low, high) = range(curves.iter().flatten().map(|&(_, loss)| loss));
    let first = curves.iter().flatten().map(|&(step, _)| step).min().unwrap_or(0);
    let mut chart = ChartBuilder::on(area)
        .margin(16)
        .caption("training loss, in nats", ("sans-serif", 16))
        .x_label_area_size(44)
        .y_label_area_size(52)
        .build_cartesian_2d(first..steps.max(first + 1), low..high)?;
    chart
        .configure_mesh()
        .x_labels(6)
        .x_desc("step")
        .light_line_style(WHITE)
        .bold_line_style(BLACK.mix(0.08))
        .axis_style(BLACK.mix(0.4))
        .label_style(("sans-serif", 14))
        .axis_desc_style(("sans-serif", 15))
        .draw()?;
    for (curve, color) in curves.into_iter().zip(COLORS.iter().cycle()) {
        chart.draw_series(LineSeries::new(curve, color.stroke_width(2)))?;
    }
    Ok(())
}

/// The validation loss of every training as a dot, the mean of each row as a bar. The names
/// are the key to the colours of both pictures.
fn draw_ends(root: &Area<'_>, area: &Area<'_>, rows: &[Row]) -> Result<()> {
    let losses = rows.iter().flat_map(|row| row.runs.iter().map(|run| run.validation_loss));
    let (low, high) = range(losses);
    // Rows stand at half heights, the first on top.
    let at = |i: usize| rows.len() as f64 - i as f64 - 0.5;
    let mut chart = ChartBuilder::on(area)
        .margin(16)
        .caption("validation loss at the end, one dot a seed", ("sans-serif", 16))
        .x_label_area_size(44)
        .y_label_area_size(130)
        .build_cartesian_2d(low..high, 0.0..rows.len() as f64)?;
    chart
        .configure_mesh()
        .disable_y_mesh()
        .y_labels(0)
        .x_labels(5)
        .x_desc("loss in nats")
        .light_line_style(WHITE)
        .bold_line_style(BLACK.mix(0.08))
        .axis_style(BLACK.mix(0.4))
        .label_style(("sans-serif", 14))
        .axis_desc_style(("sans-serif", 15))
        .draw()?;
    let first = rows[0].validation_loss().mean;
    let line = [(first, 0.0), (first, rows.len() as f64)];
    chart.draw_series(LineSeries::new(line, COLORS[0].mix(0.35)))?;
    for (i, (row, color)) in rows.iter().zip(COLORS.iter().cycle()).enumerate() {
        let mean = row.validation_loss().mean;
        let bar = [(mean, at(i) - 0.28), (mean, at(i) + 0.28)];
        chart.draw_series(LineSeries::new(bar, color.stroke_width(3)))?;
        let dots = row.runs.iter().map(|run| (run.validation_loss, at(i)));
        chart.draw_series(dots.map(|dot| Circle::new(dot, 5, color.mix(0.55).filled())))?;
        let (x, y) = chart.backend_coord(&(low, at(i)));
        let style = ("sans-serif", 15).into_font().color(color);
        let style = style.pos(Pos::new(HPos::Right, VPos::Center));
        root.draw(&Text::new(row.variant.clone(), (x - 10, y), style))?;
    }
    Ok(())
}

/// The lowest and the highest value, and some room around them.
fn range(values: impl Iterator<Item = f64>) -> (f64, f64) {
    let (low, high) = values.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), value| {
        (low.min(value), high.max(value))
    });
    let margin = 0.06 * (high - low).max(0.01);
    (low - margin, high + margin)
}
