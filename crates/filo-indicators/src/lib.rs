//! Measures, definitions, the monthly report, the yearly scorecard and the explanation of every figure.
//!
//! **Invariant:** pure functions of facts and definitions: no I/O, no clock, no city. The engine knows measures,
//! not indicators: those are configuration. Unknown is `None`, never 0; a mean never travels without its n.
//!
//! Start at [`facts::Facts`] (what goes in) and [`report::monthly_report`] (what comes out):
//!
//! - [`definition::Definitions::from_files`] reads a city's `indicators/` folder;
//! - [`report::span`] says which facts a period needs, [`report::monthly_report`] computes the report,
//!   [`render::Render`] is what its printed forms implement;
//! - [`explain::explain`] opens any figure up to the contacts behind it;
//! - [`arithmetic::clocks`] shows how each clock of one ticket was reckoned;
//! - [`campaign::campaign_report`] has the same figures for a theme, a tag or a unit between two dates;
//! - [`rollup::Rollup`] is a day counted once, from which tables of many days are read;
//! - [`what_if::what_if`] evaluates a past period under other definitions, another calendar or other targets;
//! - [`scorecard::scorecard`] is the yearly table, with [`measure::measured`] for the values of one's own.

pub mod arithmetic;
mod book;
pub mod campaign;
mod cost;
pub mod definition;
mod digest;
pub mod disclosure;
pub mod explain;
pub mod facts;
pub mod figure;
pub mod intervals;
pub mod measure;
pub mod number;
pub mod open_data;
pub mod render;
pub mod report;
pub mod rollup;
pub mod scorecard;
pub mod series;
mod view;
pub mod what_if;
pub mod words;

#[cfg(test)]
mod tests;
