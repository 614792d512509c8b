//! The loss of a training as a picture.

use plotters::prelude::*;

use crate::record::Metrics;

/// Draws training and validation loss over the steps, and the floor where it is known.
/// Returns the text of an SVG file.
///
/// # Errors
/// If there are no rows, or the drawing library fails; it has no reason to.
pub fn loss_curve(
    metrics: &[Metrics],
    floor: Option<f64>,
) -> Result<String, Box<dyn std::error::Error + Send + Sync>> {
    if metrics.is_empty() {
        return Err("there is nothing to draw yet".into());
    }
    let losses = metrics.iter().flat_map(|m| [m.train_loss, m.validation_loss]).chain(floor);
    let (lowest, highest) = losses
        .filter(|loss| loss.is_finite())
        .fold((f64::INFINITY, 0.0_f64), |(low, high), loss| (low.min(loss), high.max(loss)));
    let margin = 0.05 * (highest - lowest).max(0.1);
    let last_step = metrics.last().map_or(1, |m| m.step.max(1));

    let mut svg = String::new();
    {
        let area = SVGBackend::with_string(&mut svg, (760, 440)).into_drawing_area();
        area.fill(&WHITE)?;
        let mut chart = ChartBuilder::on(&area)
            .margin(16)
            .x_label_area_size(44)
            .y_label_area_size(56)
            .build_cartesian_2d(0..last_step, lowest - margin..highest + margin)?;
        chart
            .configure_mesh()
            .x_desc("step")
            .y_desc("loss in nats")
            .light_line_style(WHITE)
            .bold_line_style(BLACK.mix(0.08))
            .label_style(("sans-serif", 14))
            .axis_desc_style(("sans-serif", 15))
            .draw()?;
        let pale_blue = RGBColor(0x9a, 0xb8, 0xd8);
        let blue = RGBColor(0x1f, 0x4e, 0x8c);
        let training = metrics.iter().map(|m| (m.step, m.train_loss));
        let validation = metrics.iter().map(|m| (m.step, m.validation_loss));
        chart
            .draw_series(LineSeries::new(training, pale_blue.stroke_width(2)))?
            .label("training")
            .legend(move |at| key(at, pale_blue));
        chart
            .draw_series(LineSeries::new(validation, blue.stroke_width(2)))?
            .label("validation")
            .legend(move |at| key(at, blue));
        if let Some(floor) = floor {
            let brown = RGBColor(0xc0, 0x5a, 0x1c);
            chart
                .draw_series(LineSeries::new([(0, floor), (last_step, floor)], brown))?
                .label("floor: no model can be better")
                .legend(move |at| key(at, brown));
        }
        chart
            .configure_series_labels()
            .position(SeriesLabelPosition::UpperRight)
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
