//! Curves: axes and lines by plotters, in the colours of the page's theme.

use std::ops::Range;

use plotters::coord::Shift;
use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};

use crate::drawing::{Colour, Drawing};

/// One curve.
#[derive(Debug, Clone)]
pub struct Line<'a> {
    /// Its name in the key, which stands above the plot if there are two curves or more.
    pub name: &'a str,
    /// Its colour.
    pub colour: Colour,
    /// Its points, x and y.
    pub points: Vec<(f64, f64)>,
}

/// An axis: what it shows, with the unit, and from where to where.
pub type Axis<'a> = (&'a str, Range<f64>);

/// A plot of 560 by 340 pixels.
///
/// # Panics
/// If the alternative text is empty.
pub fn plot(alternative: &str, x: Axis<'_>, y: Axis<'_>, lines: &[Line<'_>]) -> Drawing {
    let mut svg = String::new();
    draw(&mut svg, x, y, lines).expect("drawing into a string cannot fail");
    let inside: Vec<&str> = svg.lines().filter(|line| !is_frame(line)).collect();
    let body = STAND_INS.iter().fold(inside.join("\n"), |body, (colour, r, g, b)| {
        let hex = format!("#{r:02X}{g:02X}{b:02X}");
        let name = colour.name();
        body.replace(&format!("stroke=\"{hex}\""), &format!("style=\"stroke: var(--{name})\""))
            .replace(&format!("fill=\"{hex}\""), &format!("style=\"fill: var(--{name})\""))
    });
    Drawing::from_body((560.0, 340.0), alternative, format!("{body}\n"))
}

/// plotters wants fixed colours. These stand for the theme's until the text is written.
const STAND_INS: [(Colour, u8, u8, u8); 5] = [
    (Colour::Ink, 1, 1, 1),
    (Colour::Faint, 2, 2, 2),
    (Colour::Blue, 3, 3, 3),
    (Colour::Orange, 4, 4, 4),
    (Colour::Green, 5, 5, 5),
];

fn stand_in(colour: Colour) -> RGBColor {
    let found = STAND_INS.iter().find(|(c, ..)| *c == colour);
    found.map_or(BLACK, |&(_, r, g, b)| RGBColor(r, g, b))
}

fn is_frame(line: &str) -> bool {
    line.starts_with("<svg") || line.starts_with("</svg")
}

fn draw(
    svg: &mut String,
    x: Axis<'_>,
    y: Axis<'_>,
    lines: &[Line<'_>],
) -> Result<(), Box<dyn std::error::Error>> {
    let (ink, faint) = (stand_in(Colour::Ink), stand_in(Colour::Faint));
    let area = SVGBackend::with_string(svg, (560, 340)).into_drawing_area();
    let has_key = lines.len() > 1;
    let mut chart = ChartBuilder::on(&area)
        .margin(12)
        .margin_top(if has_key { 40 } else { 12 })
        // Half of the last number at the axis stands beyond its end.
        .margin_right(30)
        .x_label_area_size(44)
        .y_label_area_size(56)
        .build_cartesian_2d(x.1, y.1)?;
    let label = |value: &f64| format!("{:.6}", value + 0.0);
    let short = |value: &f64| label(value).trim_end_matches('0').trim_end_matches('.').to_owned();
    chart
        .configure_mesh()
        .x_desc(x.0)
        .y_desc(y.0)
        .x_label_formatter(&short)
        .y_label_formatter(&short)
        .x_labels(8)
        .y_labels(6)
        .disable_x_mesh()
        .light_line_style(TRANSPARENT)
        .bold_line_style(faint.mix(0.3))
        .axis_style(ink)
        .label_style(("sans-serif", 17).into_font().color(&ink))
        .axis_desc_style(("sans-serif", 18).into_font().color(&ink))
        .draw()?;
    for line in lines {
        let style = stand_in(line.colour).stroke_width(2);
        chart.draw_series(LineSeries::new(line.points.iter().copied(), style))?;
    }
    if has_key {
        key(&area, lines)?;
    }
    area.present()?;
    Ok(())
}

/// The names of the curves in one row above the axes, where no curve can be.
fn key(
    area: &DrawingArea<SVGBackend<'_>, Shift>,
    lines: &[Line<'_>],
) -> Result<(), Box<dyn std::error::Error>> {
    let font = ("sans-serif", 17).into_font().color(&stand_in(Colour::Ink));
    let font = font.pos(Pos::new(HPos::Left, VPos::Center));
    let mut x = 70;
    for line in lines {
        let style = stand_in(line.colour).stroke_width(2);
        area.draw(&PathElement::new([(x, 20), (x + 18, 20)], style))?;
        area.draw(&Text::new(line.name.to_owned(), (x + 25, 20), font.clone()))?;
        // A letter is about 9 pixels wide.
        x += 50 + 9 * line.name.chars().count() as i32;
    }
    Ok(())
}
