//! The course of a training as a picture, for light and dark pages.

use lesson12_training::{Schedule, learning_rate};
use plotters::prelude::*;
use plotters::style::FontTransform;

use crate::record::History;

type DrawingError = Box<dyn std::error::Error + Send + Sync>;

/// At most so many points make the line of the training loss; each is a mean.
const TRAINING_POINTS: usize = 150;

const INK: RGBColor = BLACK;
const TRAINING: RGBColor = RGBColor(0x8f, 0xb4, 0xdc);
const VALIDATION: RGBColor = RGBColor(0x1f, 0x5f, 0xae);
const FLOOR: RGBColor = RGBColor(0xc0, 0x5a, 0x1c);
const RATE: RGBColor = RGBColor(0x8a, 0x8a, 0x8a);

/// What a reader with a dark background sees instead: a dark ground, light ink, and a lighter
/// blue. The drawing library writes colours as attributes, which this overrides.
const DARK: &str = "<style>@media (prefers-color-scheme: dark) {
[fill=\"#FFFFFF\"] { fill: #16191d }
[fill=\"#000000\"] { fill: #d6d9dc }
[stroke=\"#000000\"] { stroke: #d6d9dc }
[stroke=\"#1F5FAE\"] { stroke: #5aa2f0 }
[stroke=\"#8FB4DC\"] { stroke: #5f81a6 }
}</style>
";

/// Draws training and validation loss over the steps, the floor where it is known, and the
/// learning rate on an axis of its own. The first steps, far above all that comes later, are cut
/// off where they would press the rest flat. Returns the text of an SVG file.
///
/// # Errors
/// If there are no rows, or the drawing library fails; it has no reason to.
pub fn loss_curve(
    history: &History,
    schedule: &Schedule,
    floor: Option<f64>,
) -> Result<String, DrawingError> {
    if history.metrics.is_empty() {
        return Err("there is nothing to draw yet".into());
    }
    let mut training = training_points(&history.losses);
    let validation: Vec<(f64, f64)> =
        history.metrics.iter().map(|row| (row.step as f64, row.validation_loss)).collect();
    let losses = training.iter().chain(&validation).map(|&(_, loss)| loss).chain(floor);
    let (lowest, highest) = losses
        .filter(|loss| loss.is_finite())
        .fold((f64::INFINITY, 0.0_f64), |(low, high), loss| (low.min(loss), high.max(loss)));
    let highest = match validation.as_slice() {
        [(_, first), _, ..] => highest.min(first + 0.5 * (first - lowest)),
        _ => highest,
    };
    training.retain(|&(_, loss)| loss <= highest);
    let margin = 0.05 * (highest - lowest).max(0.1);
    let last_step = history.losses.len() as f64;

    let mut svg = String::new();
    {
        let area = SVGBackend::with_string(&mut svg, (760, 440)).into_drawing_area();
        area.fill(&WHITE)?;
        let mut chart = ChartBuilder::on(&area)
            .margin(16)
            .x_label_area_size(44)
            .y_label_area_size(56)
            .right_y_label_area_size(70)
            .build_cartesian_2d(0.0..last_step, lowest - margin..highest + margin)?
            .set_secondary_coord(0.0..last_step, 0.0..schedule.max_lr * 1.05);
        chart
            .configure_mesh()
            .x_desc("step")
            .y_desc("loss in nats")
            .x_label_formatter(&|step| format!("{step:.0}"))
            .light_line_style(TRANSPARENT)
            .bold_line_style(INK.mix(0.1))
            .label_style(("sans-serif", 14).into_font().color(&INK))
            .axis_desc_style(("sans-serif", 15).into_font().color(&INK))
            .draw()?;
        let rate_font = ("sans-serif", 15).into_font().transform(FontTransform::Rotate90);
        chart
            .configure_secondary_axes()
            .y_desc("learning rate")
            .y_label_formatter(&|&rate| {
                if rate == 0.0 { "0".into() } else { format!("{rate:.1e}") }
            })
            .axis_style(INK.mix(0.3))
            .label_style(("sans-serif", 14).into_font().color(&INK))
            .axis_desc_style(rate_font.color(&INK))
            .draw()?;
        let rate = |point: usize| {
            let step = (point as f64 / 200.0 * last_step) as usize;
            (step as f64, learning_rate(step, schedule))
        };
        chart
            .draw_secondary_series(LineSeries::new((0..=200).map(rate), RATE.stroke_width(1)))?
            .label("learning rate")
            .legend(|at| key(at, RATE));
        chart
            .draw_series(LineSeries::new(training, TRAINING.stroke_width(2)))?
            .label("training")
            .legend(|at| key(at, TRAINING));
        chart
            .draw_series(LineSeries::new(validation, VALIDATION.stroke_width(2)))?
            .label("validation")
            .legend(|at| key(at, VALIDATION));
        if let Some(floor) = floor {
            let line = [(0.0, floor), (last_step, floor)];
            chart
                .draw_series(LineSeries::new(line, FLOOR.stroke_width(2)))?
                .label("floor: no model can be better")
                .legend(|at| key(at, FLOOR));
        }
        chart
            .configure_series_labels()
            .position(SeriesLabelPosition::UpperRight)
            .background_style(WHITE)
            .border_style(INK.mix(0.2))
            .label_font(("sans-serif", 14).into_font().color(&INK))
            .draw()?;
        area.present()?;
    }
    let first_shape = svg.find("<rect").ok_or("the picture is empty")?;
    svg.insert_str(first_shape, DARK);
    Ok(svg)
}

/// The training loss over the steps, neighbours put together to their mean.
fn training_points(losses: &[f32]) -> Vec<(f64, f64)> {
    let width = losses.len().div_ceil(TRAINING_POINTS).max(1);
    let point = |(i, part): (usize, &[f32])| {
        let mean = part.iter().copied().map(f64::from).sum::<f64>() / part.len() as f64;
        (i as f64 * width as f64 + (part.len() - 1) as f64 / 2.0, mean)
    };
    losses.chunks(width).enumerate().map(point).collect()
}

/// The little line beside a name.
fn key((x, y): (i32, i32), color: RGBColor) -> PathElement<(i32, i32)> {
    PathElement::new([(x, y), (x + 18, y)], color.stroke_width(2))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_training_line_keeps_the_mean_and_is_not_too_fine() {
        let losses: Vec<f32> = (0..1000).map(|i| i as f32).collect();
        let points = training_points(&losses);
        assert!(points.len() <= TRAINING_POINTS, "{}", points.len());
        for (step, loss) in points {
            assert_eq!(step, loss, "a straight line stays one");
        }
        assert_eq!(training_points(&[5.0, 7.0]), [(0.0, 5.0), (1.0, 7.0)]);
    }
}
