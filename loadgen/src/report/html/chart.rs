//! Line pictures in SVG: axes with round numbers, a legend, a limit.
//!
//! Must not know: what is drawn.

use std::fmt::Write as _;

use maud::{Markup, html};

/// A picture.
pub(super) struct Chart {
    series: Vec<Series>,
    limit: Option<(f64, &'static str)>,
    mark: Option<(f64, String)>,
    axes: [Axis; 2],
    width: f64,
    height: f64,
}

/// One line of it.
pub(super) struct Series {
    name: String,
    colour: &'static str,
    points: Vec<(f64, f64)>,
    is_steps: bool,
    is_filled: bool,
}

/// How an axis counts.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Axis {
    /// Seconds from zero.
    Seconds,
    /// Things from zero.
    Count,
    /// Milliseconds, each mark ten times the one before.
    LogMillis,
    /// Percentiles by their nines.
    Nines,
}

impl Series {
    /// A line from point to point.
    pub(super) fn line(
        name: &str,
        colour: &'static str,
        points: Vec<(f64, f64)>,
    ) -> Series {
        let name = name.to_owned();
        Series { name, colour, points, is_steps: false, is_filled: false }
    }

    /// A value that holds until the next.
    pub(super) fn steps(
        name: &str,
        colour: &'static str,
        points: Vec<(f64, f64)>,
    ) -> Series {
        Series { is_steps: true, ..Series::line(name, colour, points) }
    }

    /// With its area.
    pub(super) fn filled(self) -> Series {
        Series { is_filled: true, ..self }
    }

    /// The greatest value.
    pub(super) fn max(&self) -> f64 {
        self.points.iter().fold(0.0, |most, (_, y)| y.max(most))
    }
}

impl Chart {
    /// A picture of some lines.
    pub(super) fn new(series: Vec<Series>) -> Chart {
        let axes = [Axis::Seconds, Axis::Count];
        Chart {
            series,
            limit: None,
            mark: None,
            axes,
            width: WIDTH,
            height: HEIGHT,
        }
    }

    /// With a limit across it.
    pub(super) fn line(self, at: Option<f64>, word: &'static str) -> Chart {
        Chart { limit: at.map(|at| (at, word)), ..self }
    }

    /// With a moment marked.
    pub(super) fn mark(self, mark: Option<(f64, String)>) -> Chart {
        Chart { mark, ..self }
    }

    /// With these axes, across and up.
    pub(super) fn axes(self, across: Axis, up: Axis) -> Chart {
        Chart { axes: [across, up], ..self }
    }

    /// Half as high.
    pub(super) fn low(self) -> Chart {
        Chart { height: HEIGHT * 0.6, ..self }
    }

    /// Half as wide, so that its words stay as large in half a page.
    pub(super) fn narrow(self) -> Chart {
        Chart { width: WIDTH / 2.0, ..self }
    }

    /// The picture.
    pub(super) fn draw(self) -> Markup {
        let all = || self.series.iter().flat_map(|it| &it.points);
        if all().next().is_none() {
            return html! { p.lead { "Nothing was measured." } };
        }
        let limit = self.limit.map(|(at, _)| at);
        let across = Scale::new(self.axes[0], all().map(|p| p.0), None);
        let up = Scale::new(self.axes[1], all().map(|p| p.1), limit);
        let x = |value: f64| {
            LEFT + across.place(value) * (self.width - LEFT - RIGHT)
        };
        let floor = self.height - BOTTOM;
        let y = |value: f64| floor - up.place(value) * (floor - TOP);
        html! {
            div.legend { @for series in &self.series { span {
                svg viewBox="0 0 14 8" {
                    rect class=(series.colour) width="14" height="4" y="2"
                        rx="2" {}
                }
                (series.name)
            } } }
            svg viewBox={ "0 0 " (self.width) " " (self.height) } role="img" {
                @for (value, word) in &up.ticks {
                    line.grid x1=(LEFT) x2=(self.width - RIGHT) y1=(y(*value))
                        y2=(y(*value)) {}
                    text x=(LEFT - 8.0) y=(y(*value) + 4.0)
                        text-anchor="end" { (word) }
                }
                @for (value, word) in &across.ticks {
                    text x=(x(*value)) y=(floor + 20.0)
                        text-anchor="middle" { (word) }
                }
                @if let Some((at, word)) = &self.mark {
                    line.mark x1=(x(*at)) x2=(x(*at)) y1=(TOP) y2=(floor) {}
                    text x=(x(*at) - 5.0) y=(TOP + 10.0) text-anchor="end" {
                        (word)
                    }
                }
                @for series in &self.series {
                    @let path = path(series, &x, &y);
                    @if series.is_filled {
                        path class={ "area " (series.colour) }
                            d=(closed(series, &path, &x, floor)) {}
                    }
                    path class={ "line " (series.colour) } d=(path)
                        style="fill:none" {}
                }
                @if let Some((at, word)) = self.limit {
                    line.limit x1=(LEFT) x2=(self.width - RIGHT) y1=(y(at))
                        y2=(y(at)) {}
                    text.limit-word x=(self.width - RIGHT) y=(y(at) - 6.0)
                        text-anchor="end" { (word) " " (at) }
                }
            }
        }
    }
}

fn path(
    series: &Series,
    x: &impl Fn(f64) -> f64,
    y: &impl Fn(f64) -> f64,
) -> String {
    let mut path = String::new();
    for (nth, (across, up)) in series.points.iter().enumerate() {
        let (across, up) = (x(*across), y(*up));
        let written = match (nth, series.is_steps) {
            (0, _) => write!(path, "M{across:.1} {up:.1}"),
            (_, false) => write!(path, "L{across:.1} {up:.1}"),
            (_, true) => write!(path, "H{across:.1}V{up:.1}"),
        };
        written.expect("a String takes every write");
    }
    path
}

fn closed(
    series: &Series,
    path: &str,
    x: &impl Fn(f64) -> f64,
    floor: f64,
) -> String {
    let first = series.points.first().map_or(0.0, |point| x(point.0));
    let last = series.points.last().map_or(0.0, |point| x(point.0));
    format!("{path}L{last:.1} {floor:.1}L{first:.1} {floor:.1}Z")
}

/// An axis with its ends and marks.
struct Scale {
    axis: Axis,
    from: f64,
    to: f64,
    ticks: Vec<(f64, String)>,
}

impl Scale {
    fn new(
        axis: Axis,
        values: impl Iterator<Item = f64>,
        limit: Option<f64>,
    ) -> Scale {
        let (low, high) = values
            .chain(limit)
            .fold((f64::MAX, 0.0), |(low, high): (f64, f64), value| {
                (low.min(value), high.max(value))
            });
        match axis {
            Axis::Seconds | Axis::Count => {
                let step = round_step(high.max(MIN_HIGH) / 5.0);
                // The limit's line needs some air above it.
                let room = if limit.is_some() { 1.1 } else { 1.0 };
                let to = match axis {
                    Axis::Seconds => high.max(MIN_HIGH),
                    _ => (high.max(1.0) * room / step).ceil() * step,
                };
                let ticks = (0_u32..)
                    .map(|nth| f64::from(nth) * step)
                    .take_while(|value| *value <= to * 1.0001)
                    .map(|value| (value, number(value, axis)))
                    .collect();
                Scale { axis, from: 0.0, to, ticks }
            }
            Axis::LogMillis => {
                let from = low.max(MIN_HIGH).log10().floor();
                let to = high.max(low * 1.01).max(MIN_HIGH).log10().ceil();
                let to = to.max(from + 1.0);
                let ticks = (0_u32..)
                    .map(|nth| from + f64::from(nth))
                    .take_while(|power| *power <= to)
                    .map(|power| {
                        let value = 10_f64.powf(power);
                        (value, millis(value))
                    })
                    .collect();
                Scale { axis, from, to, ticks }
            }
            Axis::Nines => {
                let to = high.max(1.0);
                let words = ["0", "p90", "p99", "p99.9", "p99.99", "p99.999"];
                let ticks = words
                    .into_iter()
                    .zip(0_u32..)
                    .map(|(word, nth)| (f64::from(nth), word.to_owned()))
                    .chain([(0.5_f64.log10().abs(), "p50".to_owned())])
                    .filter(|(value, _)| *value <= to)
                    .collect();
                Scale { axis, from: 0.0, to, ticks }
            }
        }
    }

    /// Where a value lies between the ends, 0 to 1.
    fn place(&self, value: f64) -> f64 {
        let value = match self.axis {
            Axis::LogMillis => value.max(MIN_HIGH).log10(),
            Axis::Seconds | Axis::Count | Axis::Nines => value,
        };
        ((value - self.from) / (self.to - self.from)).clamp(0.0, 1.0)
    }
}

/// The next of 1, 2, 5, 10, 20, 50 and so on, downwards too.
fn round_step(least: f64) -> f64 {
    let power = 10_f64.powf(least.log10().floor());
    [1.0, 2.0, 5.0, 10.0]
        .into_iter()
        .map(|step| step * power)
        .find(|step| *step >= least * 0.999)
        .unwrap_or(10.0 * power)
}

fn number(value: f64, axis: Axis) -> String {
    let rounded = (value * 1000.0).round() / 1000.0;
    let unit = if axis == Axis::Seconds { " s" } else { "" };
    if rounded >= 10_000.0 {
        return format!("{}k{unit}", rounded / 1000.0);
    }
    format!("{rounded}{unit}")
}

fn millis(value: f64) -> String {
    if value >= 999.0 {
        return format!("{:.0} s", value / 1e3);
    }
    if value >= 0.9 {
        return format!("{value:.0} ms");
    }
    format!("{:.0} µs", value * 1e3)
}

/// The picture's size and margins, in its own units.
const WIDTH: f64 = 1000.0;
const HEIGHT: f64 = 280.0;
const LEFT: f64 = 58.0;
const RIGHT: f64 = 14.0;
const TOP: f64 = 12.0;
const BOTTOM: f64 = 30.0;

/// A scale needs some length, and a logarithm something above zero.
const MIN_HIGH: f64 = 0.001;
