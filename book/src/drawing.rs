//! Pictures: a few shapes in the colours of the page's theme.
//!
//! Coordinates are pixels, x to the right, y down. Numbers are written with one decimal, so
//! that every machine draws the same bytes.

use std::fmt::Write as _;

/// A colour of the theme. Text and lines take [`Ink`](Colour::Ink); the others mark meaning, and
/// keep it through the book: blue for queries and inputs, orange for keys and positions, green
/// for values and outputs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Colour {
    /// The text's own colour.
    Ink,
    /// Half as strong: grids, helping lines, remarks.
    Faint,
    /// Queries, inputs.
    Blue,
    /// Keys, positions.
    Orange,
    /// Values, outputs.
    Green,
}

impl Colour {
    /// The name of its variable in the style sheets.
    pub fn name(self) -> &'static str {
        match self {
            Self::Ink => "ink",
            Self::Faint => "faint",
            Self::Blue => "blue",
            Self::Orange => "orange",
            Self::Green => "green",
        }
    }
}

/// Where a text stands relative to its point.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Align {
    /// It starts there.
    Start,
    /// Its middle is there.
    Middle,
    /// It ends there.
    End,
}

/// A point, x and y in pixels.
pub type Point = (f64, f64);

/// A picture in the making.
#[derive(Debug, Clone)]
pub struct Drawing {
    width: f64,
    height: f64,
    alternative: String,
    body: String,
}

/// For a file that stands alone. In the book `theme/course.css` says the same.
const STYLE: &str = include_str!("drawing.css");

impl Drawing {
    /// An empty picture. `alternative` says in words what a reader who cannot see it must know.
    ///
    /// # Panics
    /// If the alternative text is empty.
    pub fn new(width: f64, height: f64, alternative: &str) -> Self {
        assert!(!alternative.trim().is_empty(), "a picture needs an alternative text");
        Self { width, height, alternative: escape(alternative), body: String::new() }
    }

    /// A picture whose shapes another program has drawn.
    ///
    /// # Panics
    /// If the alternative text is empty.
    pub fn from_body(size: (f64, f64), alternative: &str, body: String) -> Self {
        Self { body, ..Self::new(size.0, size.1, alternative) }
    }

    /// Text of 15 pixels.
    pub fn text(&mut self, at: Point, align: Align, colour: Colour, text: &str) {
        self.sized_text(at, 15.0, align, colour, text);
    }

    /// Text of another size.
    pub fn sized_text(&mut self, at: Point, size: f64, align: Align, colour: Colour, text: &str) {
        let anchor = match align {
            Align::Start => "start",
            Align::Middle => "middle",
            Align::End => "end",
        };
        let _ = writeln!(
            self.body,
            r#"<text x="{:.1}" y="{:.1}" font-size="{size}" text-anchor="{anchor}" {}>{}</text>"#,
            at.0,
            at.1,
            fill(colour),
            escape(text)
        );
    }

    /// A straight line.
    pub fn line(&mut self, from: Point, to: Point, colour: Colour) {
        self.polyline(&[from, to], 1.5, colour);
    }

    /// A line through several points.
    pub fn polyline(&mut self, points: &[Point], width: f64, colour: Colour) {
        let points: Vec<String> = points.iter().map(|(x, y)| format!("{x:.1},{y:.1}")).collect();
        let _ = writeln!(
            self.body,
            r#"<polyline points="{}" fill="none" stroke-width="{width}" {}/>"#,
            points.join(" "),
            stroke(colour)
        );
    }

    /// A line with a head at its end.
    pub fn arrow(&mut self, from: Point, to: Point, colour: Colour) {
        let (dx, dy) = (to.0 - from.0, to.1 - from.1);
        let length = dx.hypot(dy);
        let (ux, uy) = (dx / length, dy / length);
        let neck = (to.0 - 7.0 * ux, to.1 - 7.0 * uy);
        self.polyline(&[from, neck], 2.0, colour);
        let head = [
            to,
            (to.0 - 10.0 * ux - 4.5 * uy, to.1 - 10.0 * uy + 4.5 * ux),
            (to.0 - 10.0 * ux + 4.5 * uy, to.1 - 10.0 * uy - 4.5 * ux),
        ];
        self.polygon(&head, colour, 1.0);
    }

    /// A filled shape; `strength` from 0 (clear) to 1 (full colour).
    pub fn polygon(&mut self, points: &[Point], colour: Colour, strength: f64) {
        let points: Vec<String> = points.iter().map(|(x, y)| format!("{x:.1},{y:.1}")).collect();
        let _ = writeln!(
            self.body,
            r#"<polygon points="{}" fill-opacity="{strength:.2}" {}/>"#,
            points.join(" "),
            fill(colour)
        );
    }

    /// A circle, not filled.
    pub fn circle(&mut self, centre: Point, radius: f64, colour: Colour) {
        let _ = writeln!(
            self.body,
            r#"<circle cx="{:.1}" cy="{:.1}" r="{radius:.1}" fill="none" stroke-width="1.5" {}/>"#,
            centre.0,
            centre.1,
            stroke(colour)
        );
    }

    /// A part of a circle. Angles are in radians, counterclockwise from the right, as in a book.
    pub fn arc(&mut self, centre: Point, radius: f64, from: f64, to: f64, colour: Colour) {
        let n = 24;
        let points: Vec<Point> = (0..=n)
            .map(|i| from + (to - from) * f64::from(i) / f64::from(n))
            .map(|a| (centre.0 + radius * a.cos(), centre.1 - radius * a.sin()))
            .collect();
        self.polyline(&points, 1.5, colour);
    }

    /// A box with a label of one or more lines in its middle.
    pub fn labelled_box(&mut self, corner: Point, size: (f64, f64), colour: Colour, label: &str) {
        self.rectangle(corner, size, colour, 0.12);
        let lines: Vec<&str> = label.lines().collect();
        let top = corner.1 + size.1 / 2.0 - (lines.len() as f64 - 1.0) * 9.0 + 5.0;
        for (i, line) in lines.iter().enumerate() {
            let at = (corner.0 + size.0 / 2.0, top + 18.0 * i as f64);
            self.text(at, Align::Middle, Colour::Ink, line);
        }
    }

    /// A rectangle with an outline; `strength` of the filling from 0 to 1.
    pub fn rectangle(&mut self, corner: Point, size: (f64, f64), colour: Colour, strength: f64) {
        let _ = writeln!(
            self.body,
            r#"<rect x="{:.1}" y="{:.1}" width="{:.1}" height="{:.1}" rx="4" fill-opacity="{strength:.2}" stroke-width="1.5" class="fill-{name} line-{name}"/>"#,
            corner.0,
            corner.1,
            size.0,
            size.1,
            name = colour.name()
        );
    }

    /// A matrix: one square per value, tinted by its strength from 0 to 1, with its text inside.
    pub fn matrix(
        &mut self,
        corner: Point,
        cell: f64,
        colour: Colour,
        rows: &[Vec<(f64, String)>],
    ) {
        for (i, row) in rows.iter().enumerate() {
            for (j, (strength, label)) in row.iter().enumerate() {
                let at = (corner.0 + cell * j as f64, corner.1 + cell * i as f64);
                // Dark letters must stay readable on the tint.
                self.rectangle(at, (cell, cell), colour, 0.45 * strength.clamp(0.0, 1.0));
                let middle = (at.0 + cell / 2.0, at.1 + cell / 2.0 + 5.0);
                self.sized_text(middle, 13.0, Align::Middle, Colour::Ink, label);
            }
        }
    }

    /// The SVG, with the style that it needs to stand alone.
    pub fn to_svg(&self) -> String {
        let Self { width, height, alternative, body } = self;
        format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" \
             width=\"{width}\" height=\"{height}\" role=\"img\">\n\
             <title>{alternative}</title>\n<style>\n{STYLE}</style>\n{body}</svg>\n"
        )
    }
}

fn fill(colour: Colour) -> String {
    format!("class=\"fill-{}\"", colour.name())
}

fn stroke(colour: Colour) -> String {
    format!("class=\"line-{}\"", colour.name())
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}
