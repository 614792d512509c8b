//! The loss of the learner's GPT beside the reference's, as a picture and in numbers.

use plotters::prelude::*;

/// One look at the validation data.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Row {
    /// How many steps were made.
    pub step: usize,
    /// Loss on the validation data, in nats per token.
    pub validation_loss: f64,
}

/// Reads the step and the validation loss out of a run's `metrics.csv`; lines that are no rows
/// are left out.
pub fn read_metrics(csv: &str) -> Vec<Row> {
    let mut lines = csv.lines();
    let names: Vec<_> = lines.next().unwrap_or_default().split(',').collect();
    let column = |name| names.iter().position(|other| *other == name);
    let (Some(step), Some(loss)) = (column("step"), column("validation_loss")) else {
        return Vec::new();
    };
    let row = |line: &str| {
        let cells: Vec<_> = line.split(',').collect();
        let validation_loss = cells.get(loss)?.parse().ok()?;
        Some(Row { step: cells.get(step)?.parse().ok()?, validation_loss })
    };
    lines.filter_map(row).collect()
}

/// Draws both validation losses over the steps. Returns the text of an SVG file.
///
/// # Errors
/// If there are no rows, or the drawing library fails; it has no reason to.
pub fn beside(
    mine: &[Row],
    reference: &[Row],
) -> Result<String, Box<dyn std::error::Error + Send + Sync>> {
    let rows = || mine.iter().chain(reference).filter(|row| row.validation_loss.is_finite());
    let Some(last_step) = rows().map(|row| row.step).max() else {
        return Err("there is nothing to draw".into());
    };
    let (lowest, highest) = rows().fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), row| {
        (low.min(row.validation_loss), high.max(row.validation_loss))
    });
    let margin = 0.05 * (highest - lowest).max(0.1);

    let mut svg = String::new();
    {
        let area = SVGBackend::with_string(&mut svg, (760, 440)).into_drawing_area();
        area.fill(&WHITE)?;
        let mut chart = ChartBuilder::on(&area)
            .margin(16)
            .x_label_area_size(44)
            .y_label_area_size(56)
            .build_cartesian_2d(0..last_step.max(1), lowest - margin..highest + margin)?;
        chart
            .configure_mesh()
            .x_desc("step")
            .y_desc("validation loss in nats")
            .light_line_style(WHITE)
            .bold_line_style(BLACK.mix(0.08))
            .label_style(("sans-serif", 14))
            .axis_desc_style(("sans-serif", 15))
            .draw()?;
        // The reference is broad and pale: where both agree, both can be seen.
        let curves = [
            ("the reference", reference, RGBColor(0xe0, 0xa8, 0x70), 8),
            ("your GPT", mine, RGBColor(0x1f, 0x4e, 0x8c), 2),
        ];
        for (name, rows, color, width) in curves {
            let points = rows.iter().map(|row| (row.step, row.validation_loss));
            chart
                .draw_series(LineSeries::new(points, color.stroke_width(width)))?
                .label(name)
                .legend(move |(x, y)| {
                    PathElement::new([(x, y), (x + 18, y)], color.stroke_width(width))
                });
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn metrics_are_read_by_the_names_of_their_columns() {
        let csv = "step,train_loss,validation_loss,learning_rate\n10,3.5,3.25,0.1\nhalf a row\n";
        assert_eq!(read_metrics(csv), [Row { step: 10, validation_loss: 3.25 }]);
        assert_eq!(read_metrics("step\n1\n"), []);
    }

    #[test]
    fn the_picture_has_both_curves_and_names_them() {
        let row = |step, validation_loss| Row { step, validation_loss };
        let svg = beside(&[row(1, 4.0), row(9, 2.0)], &[row(1, 4.0), row(9, 1.0)]).unwrap();
        assert!(svg.contains("your GPT") && svg.contains("the reference"), "{svg}");
        assert!(svg.matches("<polyline").count() >= 2, "{svg}");
        assert!(beside(&[row(1, f64::NAN)], &[]).is_err());
        assert!(beside(&[row(1, 2.0)], &[]).is_ok());
    }
}
